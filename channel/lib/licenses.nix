# Licences by the names recipes use.
{ lib }:
let
  spdx = shortName: spdxId: fullName: { inherit shortName spdxId fullName; free = true; redistributable = true; deprecated = false; url = "https://spdx.org/licenses/${spdxId}.html"; };
in
{
  afl21 = spdx "afl21" "AFL-2.1" "Academic Free License v2.1";
  agpl3Only = spdx "agpl3Only" "AGPL-3.0-only" "GNU Affero General Public License v3.0 only";
  agpl3Plus = spdx "agpl3Plus" "AGPL-3.0-or-later" "GNU Affero General Public License v3.0 or later";
  agpl3 = spdx "agpl3" "AGPL-3.0" "GNU Affero General Public License v3.0";
  artistic1 = spdx "artistic1" "Artistic-1.0" "Artistic License 1.0";
  artistic2 = spdx "artistic2" "Artistic-2.0" "Artistic License 2.0";
  asl20 = spdx "asl20" "Apache-2.0" "Apache License 2.0";
  boost = spdx "boost" "BSL-1.0" "Boost Software License 1.0";
  bsd0 = spdx "bsd0" "0BSD" "BSD Zero Clause License";
  bsd2 = spdx "bsd2" "BSD-2-Clause" "BSD 2-clause \"Simplified\" License";
  bsd3 = spdx "bsd3" "BSD-3-Clause" "BSD 3-clause \"New\" or \"Revised\" License";
  bsdOriginal = spdx "bsdOriginal" "BSD-4-Clause" "BSD 4-clause \"Original\" or \"Old\" License";
  bzip2 = spdx "bzip2" "bzip2-1.0.6" "bzip2 and libbzip2 License v1.0.6";
  cc0 = spdx "cc0" "CC0-1.0" "Creative Commons Zero v1.0 Universal";
  cc-by-40 = spdx "cc-by-40" "CC-BY-4.0" "Creative Commons Attribution 4.0";
  cc-by-sa-40 = spdx "cc-by-sa-40" "CC-BY-SA-4.0" "Creative Commons Attribution Share Alike 4.0";
  cddl = spdx "cddl" "CDDL-1.0" "Common Development and Distribution License 1.0";
  curl = spdx "curl" "curl" "curl License";
  epl10 = spdx "epl10" "EPL-1.0" "Eclipse Public License 1.0";
  epl20 = spdx "epl20" "EPL-2.0" "Eclipse Public License 2.0";
  fdl13Plus = spdx "fdl13Plus" "GFDL-1.3-or-later" "GNU Free Documentation License v1.3 or later";
  gpl1Plus = spdx "gpl1Plus" "GPL-1.0-or-later" "GNU General Public License v1.0 or later";
  gpl2 = spdx "gpl2" "GPL-2.0" "GNU General Public License v2.0";
  gpl2Only = spdx "gpl2Only" "GPL-2.0-only" "GNU General Public License v2.0 only";
  gpl2Plus = spdx "gpl2Plus" "GPL-2.0-or-later" "GNU General Public License v2.0 or later";
  gpl3 = spdx "gpl3" "GPL-3.0" "GNU General Public License v3.0";
  gpl3Only = spdx "gpl3Only" "GPL-3.0-only" "GNU General Public License v3.0 only";
  gpl3Plus = spdx "gpl3Plus" "GPL-3.0-or-later" "GNU General Public License v3.0 or later";
  isc = spdx "isc" "ISC" "Internet Systems Consortium License";
  lgpl2Plus = spdx "lgpl2Plus" "LGPL-2.0-or-later" "GNU Library General Public License v2 or later";
  lgpl21 = spdx "lgpl21" "LGPL-2.1" "GNU Lesser General Public License v2.1";
  lgpl21Only = spdx "lgpl21Only" "LGPL-2.1-only" "GNU Lesser General Public License v2.1 only";
  lgpl21Plus = spdx "lgpl21Plus" "LGPL-2.1-or-later" "GNU Lesser General Public License v2.1 or later";
  lgpl3 = spdx "lgpl3" "LGPL-3.0" "GNU Lesser General Public License v3.0";
  lgpl3Only = spdx "lgpl3Only" "LGPL-3.0-only" "GNU Lesser General Public License v3.0 only";
  lgpl3Plus = spdx "lgpl3Plus" "LGPL-3.0-or-later" "GNU Lesser General Public License v3.0 or later";
  mit = spdx "mit" "MIT" "MIT License";
  mit0 = spdx "mit0" "MIT-0" "MIT No Attribution";
  mpl11 = spdx "mpl11" "MPL-1.1" "Mozilla Public License 1.1";
  mpl20 = spdx "mpl20" "MPL-2.0" "Mozilla Public License 2.0";
  ncsa = spdx "ncsa" "NCSA" "University of Illinois/NCSA Open Source License";
  ofl = spdx "ofl" "OFL-1.1" "SIL Open Font License 1.1";
  openssl = spdx "openssl" "OpenSSL" "OpenSSL License";
  postgresql = spdx "postgresql" "PostgreSQL" "PostgreSQL License";
  psfl = spdx "psfl" "Python-2.0" "Python Software Foundation License version 2";
  publicDomain = { shortName = "publicDomain"; fullName = "Public Domain"; free = true; };
  unlicense = spdx "unlicense" "Unlicense" "The Unlicense";
  vim = spdx "vim" "Vim" "Vim License";
  wtfpl = spdx "wtfpl" "WTFPL" "Do What The F*ck You Want To Public License";
  x11 = spdx "x11" "X11" "X11 License";
  zlib = spdx "zlib" "Zlib" "zlib License";
  free = { shortName = "free"; fullName = "Unspecified free software license"; free = true; };
  unfree = { shortName = "unfree"; fullName = "Unfree"; free = false; redistributable = false; };
  unfreeRedistributable = { shortName = "unfreeRedistributable"; fullName = "Unfree redistributable"; free = false; redistributable = true; };
}
