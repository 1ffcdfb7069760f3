# The packages made of Debian's debs: attribute name -> what it is made of.
#
#   debs      merged in this order; the first one's version is the package's
#   devDebs   headers and link files, the `dev` output
#   ignore    dependencies of the debs that this package can do without
#   prepare   shell code in $out before ELF files are relocated
#   finish    shell code after it (wrapProgram is available)
#
# mkDeb in ./default.nix lists the rest. Attribute names are nixpkgs' names.
{ lib, self, bootstrap }:
let
  glibc = bootstrap.glibc;
  # A package with one deb of (nearly always) the same name.
  simple = deb: description: { debs = [ deb ]; inherit description; };
  perlLib = "${self.perl}/share/perl/5.36:${self.perl}/lib/perl/5.36:${self.perl}/lib/perl5/5.36:${self.perl}/share/perl5";
in
{
  # --- shell and core tools ---
  bash = { debs = [ "bash" ]; description = "GNU Bourne-Again Shell"; finish = "ln -s bash $out/bin/sh"; passthru.shellPath = "/bin/bash"; };
  dash = simple "dash" "POSIX shell";
  coreutils = { debs = [ "coreutils" ]; description = "GNU core utilities"; mainProgram = "ls"; };
  findutils = { debs = [ "findutils" ]; description = "GNU find, xargs"; mainProgram = "find"; };
  diffutils = { debs = [ "diffutils" ]; description = "GNU diff, cmp"; mainProgram = "diff"; };
  gnused = { debs = [ "sed" ]; description = "GNU stream editor"; mainProgram = "sed"; };
  gnugrep = { debs = [ "grep" ]; description = "GNU grep"; mainProgram = "grep"; };
  gawk = { debs = [ "gawk" ]; description = "GNU awk"; finish = "ln -sf gawk $out/bin/awk"; };
  mawk = simple "mawk" "small awk";
  gnutar = { debs = [ "tar" ]; description = "GNU tar"; mainProgram = "tar"; };
  cpio = simple "cpio" "cpio archiver";
  gzip = simple "gzip" "GNU gzip";
  bzip2 = { debs = [ "bzip2" "libbz2-1.0" ]; devDebs = [ "libbz2-dev" ]; description = "block-sorting compressor"; };
  xz = { debs = [ "xz-utils" "liblzma5" ]; devDebs = [ "liblzma-dev" ]; description = "LZMA compressor"; };
  zstd = { debs = [ "zstd" "libzstd1" ]; devDebs = [ "libzstd-dev" ]; description = "Zstandard compressor"; };
  lz4 = { debs = [ "lz4" "liblz4-1" ]; description = "LZ4 compressor"; };
  zip = simple "zip" "zip archiver";
  unzip = simple "unzip" "zip extractor";
  p7zip = { debs = [ "p7zip" ]; description = "7-zip archiver"; mainProgram = "7zr"; };
  gnupatch = { debs = [ "patch" ]; description = "GNU patch"; mainProgram = "patch"; };
  which = { debs = [ "debianutils" ]; description = "which and small helpers"; finish = "ln -sf which.debianutils $out/bin/which"; };
  less = simple "less" "pager";
  file = {
    debs = [ "file" "libmagic1" "libmagic-mgc" ]; devDebs = [ "libmagic-dev" ]; description = "file type guesser";
    finish = "wrapProgram file --set-default MAGIC $out/lib/file/magic.mgc";
  };
  bc = simple "bc" "arbitrary precision calculator";
  tree = simple "tree" "directory lister";
  time = simple "time" "GNU time";

  # --- editors, terminals ---
  nano = simple "nano" "small editor";
  vim = {
    debs = [ "vim" "vim-common" "vim-runtime" ]; description = "Vi improved"; ignore = [ "xxd" ];
    finish = ''
      ln -sf vim.basic $out/bin/vim; ln -sf vim.basic $out/bin/vi
      mv $out/bin/vim.basic $out/bin/.vim.basic; ln -sf .vim.basic $out/bin/vim.basic
      for p in vim vi; do ln -sfn .vim.basic $out/bin/$p; wrapProgram $p --set-default VIM $out/share/vim --set-default VIMRUNTIME $out/share/vim/vim90; done
      rm -f $out/share/vim/vimrc
    '';
  };
  tmux = simple "tmux" "terminal multiplexer";
  screen = simple "screen" "terminal multiplexer";
  ncurses = { debs = [ "libtinfo6" "libncurses6" "libncursesw6" "ncurses-base" "ncurses-bin" ]; devDebs = [ "libncurses-dev" ]; description = "terminal library and terminfo"; mainProgram = "tput"; };
  readline = { debs = [ "libreadline8" ]; devDebs = [ "libreadline-dev" ]; description = "line editing library"; };

  # --- libraries with headers ---
  zlib = { debs = [ "zlib1g" ]; devDebs = [ "zlib1g-dev" ]; description = "compression library"; };
  openssl = {
    debs = [ "openssl" "libssl3" ]; devDebs = [ "libssl-dev" ]; description = "TLS library and tool";
    finish = "wrapProgram openssl --set-default OPENSSL_CONF $out/lib/ssl/openssl.cnf --set-default OPENSSL_MODULES $out/lib/ossl-modules";
    prepare = "mkdir -p lib/ssl; rm -f lib/ssl/openssl.cnf; [ ! -e etc/ssl/openssl.cnf ] || cp etc/ssl/openssl.cnf lib/ssl/openssl.cnf";
  };
  curl = { debs = [ "curl" "libcurl4" ]; devDebs = [ "libcurl4-openssl-dev" ]; description = "URL transfers"; };
  expat = { debs = [ "libexpat1" ]; devDebs = [ "libexpat1-dev" ]; description = "XML parser"; };
  libffi = { debs = [ "libffi8" ]; devDebs = [ "libffi-dev" ]; description = "foreign function interface"; };
  libxml2 = { debs = [ "libxml2" ]; devDebs = [ "libxml2-dev" ]; description = "XML library"; ignore = [ "libicu-dev" "icu-devtools" ]; };
  sqlite = { debs = [ "sqlite3" "libsqlite3-0" ]; devDebs = [ "libsqlite3-dev" ]; description = "SQL database in a library"; mainProgram = "sqlite3"; };
  gmp = { debs = [ "libgmp10" "libgmpxx4ldbl" ]; devDebs = [ "libgmp-dev" ]; description = "big numbers"; };
  pcre2 = { debs = [ "libpcre2-8-0" "libpcre2-16-0" "libpcre2-32-0" "libpcre2-posix3" ]; devDebs = [ "libpcre2-dev" ]; description = "Perl-compatible regular expressions"; };
  libcap = { debs = [ "libcap2" "libcap2-bin" ]; devDebs = [ "libcap-dev" ]; description = "capabilities"; ignore = [ "libpam0g" ]; mainProgram = "capsh"; };
  attr = { debs = [ "attr" "libattr1" ]; devDebs = [ "libattr1-dev" ]; description = "extended attributes"; };
  acl = { debs = [ "acl" "libacl1" ]; devDebs = [ "libacl1-dev" ]; description = "access control lists"; mainProgram = "getfacl"; };
  libuuid = { debs = [ "libuuid1" ]; devDebs = [ "uuid-dev" ]; description = "UUID library"; };
  libelf = { debs = [ "libelf1" ]; devDebs = [ "libelf-dev" ]; description = "ELF library"; };
  devmapper = { debs = [ "libdevmapper1.02.1" "dmsetup" ]; description = "device mapper library and tool"; mainProgram = "dmsetup"; };

  # --- building ---
  gnumake = { debs = [ "make" ]; description = "GNU make"; mainProgram = "make"; };
  binutils = {
    debs = [ "binutils-x86-64-linux-gnu" "binutils" "binutils-common" "libbinutils" "libctf0" "libctf-nobfd0" "libgprofng0" ];
    description = "assembler, linker, object tools"; mainProgram = "ld";
  };
  patchelf = simple "patchelf" "changes ELF interpreters and RUNPATHs";
  cmake = { debs = [ "cmake" "cmake-data" ]; description = "build system generator"; ignore = [ "procps" ]; };
  ninja = { debs = [ "ninja-build" ]; description = "small build system"; mainProgram = "ninja"; ignore = [ "python3" ]; };
  pkg-config = {
    debs = [ "pkgconf-bin" "pkgconf" "libpkgconf3" ]; description = "compiler flags of installed libraries"; mainProgram = "pkg-config";
    # the deb's pkg-config is a script that asks dpkg for directories
    finish = "rm -f $out/bin/pkg-config; ln -s pkgconf $out/bin/pkg-config";
  };
  gnum4 = { debs = [ "m4" ]; description = "macro processor"; mainProgram = "m4"; };
  autoconf = {
    debs = [ "autoconf" ]; description = "generator of configure scripts";
    finish = ''
      for f in $(grep -rlI '/usr/' $out/bin $out/share/autoconf); do sed -i -e "s,/usr/share/autoconf,$out/share/autoconf,g; s,/usr/bin/m4,${self.gnum4}/bin/m4,g; s,/usr/bin/perl,${self.perl}/bin/perl,g; s,/usr/bin/auto,$out/bin/auto,g" $f; done
    '';
  };
  automake = {
    debs = [ "automake" "autotools-dev" ]; description = "generator of Makefile.in";
    finish = ''
      rm -f $out/bin/automake $out/bin/aclocal; ln -s automake-1.16 $out/bin/automake; ln -s aclocal-1.16 $out/bin/aclocal
      for f in $(grep -rlI '/usr/' $out/bin $out/share/automake-1.16); do sed -i -e "s,/usr/share/a,$out/share/a,g; s,/usr/bin/perl,${self.perl}/bin/perl,g; s,/usr/bin/auto,${self.autoconf}/bin/auto,g" $f; done
    '';
  };
  libtool = { debs = [ "libtool" ]; description = "library building script"; ignore = [ "gcc" "cpp" ]; };
  bison = { debs = [ "bison" ]; description = "parser generator"; finish = "wrapProgram bison --set-default BISON_PKGDATADIR $out/share/bison --set-default M4 ${self.gnum4}/bin/m4"; };
  flex = { debs = [ "flex" ]; description = "scanner generator"; finish = "wrapProgram flex --set-default M4 ${self.gnum4}/bin/m4"; };
  gettext = { debs = [ "gettext" "gettext-base" ]; description = "message translation"; };
  protobuf = {
    debs = [ "protobuf-compiler" "libprotoc32" "libprotobuf32" "libprotobuf-lite32" ]; devDebs = [ "libprotobuf-dev" ];
    description = "protocol buffers: compiler and C++ library"; mainProgram = "protoc";
  };
  clang-tools = {
    debs = [ "clang-tools-14" "clang-tidy-14" "clang-format-14" "clang-14" "libclang1-14" "libclang-cpp14" "libclang-common-14-dev" "llvm-14-linker-tools" ];
    description = "clang-format, clang-tidy and other tools over C and C++ source"; mainProgram = "clang-format";
    ignore = [ "binutils" "python3" "libjs-bootstrap" ];
    prepare = "rm -rf lib/llvm-14/lib/clang/14.0.6/lib lib/llvm-14/build lib/clang/14.0.6/lib lib/clang/14/lib";
    finish = ''
      for f in $out/bin/*-14; do n=''${f##*/}; n=''${n%-14}; [ -e $out/bin/$n ] || ln -s $n-14 $out/bin/$n; done
    '';
  };
  gdb = { debs = [ "gdb" ]; description = "GNU debugger"; finish = "wrapProgram gdb --set-default PYTHONHOME ${self.python311}"; };
  strace = simple "strace" "system call tracer";

  # --- languages ---
  perl = {
    debs = [ "perl" "perl-base" "libperl5.36" "perl-modules-5.36" ]; description = "Perl";
    finish = ''
      rm -f $out/bin/perl5.36.0 $out/bin/perl5.36-x86_64-linux-gnu
      wrapProgram perl --prefix PERL5LIB : $out/lib/perl-base:$out/share/perl/5.36:$out/lib/perl/5.36:$out/lib/perl5:$out/share/perl5
    '';
  };
  python311 = {
    debs = [ "python3.11" "python3.11-minimal" "libpython3.11-stdlib" "libpython3.11-minimal" "python3" "python3-minimal" "libpython3-stdlib" "libpython3.11" ];
    description = "Python 3.11"; mainProgram = "python3";
    prepare = "ln -sf python3.11 bin/python3; ln -sf python3.11 bin/python; rm -rf lib/python3.11/sitecustomize.py lib/python3";
    passthru = { pythonVersion = "3.11"; sitePackages = "lib/python3.11/site-packages"; libPrefix = "python3.11"; isPy3 = true; };
  };
  jq = { debs = [ "jq" "libjq1" ]; description = "JSON processor"; };

  # --- version control, network ---
  git = {
    debs = [ "git" "git-man" "liberror-perl" ]; description = "distributed version control";
    prepare = "rm -rf share/doc/git/contrib share/bash-completion";
    finish = ''
      for p in git git-shell git-upload-pack git-receive-pack; do [ ! -L $out/bin/$p ] || { [ $p = git ] || { rm $out/bin/$p; ln -s git $out/bin/$p; }; }; done
      # git finds itself by this path when a subcommand calls it
      ln -sf $out/bin/.git-wrapped $out/lib/git-core/git
      wrapProgram git --set-default GIT_EXEC_PATH $out/lib/git-core --set-default GIT_TEMPLATE_DIR $out/share/git-core/templates --set-default GIT_SSL_CAINFO /etc/ssl/certs/ca-certificates.crt --prefix GITPERLLIB : $out/share/perl5
    '';
  };
  openssh = {
    debs = [ "openssh-client" "openssh-sftp-server" ]; description = "secure shell client"; mainProgram = "ssh";
  };
  wget = simple "wget" "downloads over HTTP and FTP";
  rsync = { debs = [ "rsync" ]; description = "file copier"; ignore = [ "init-system-helpers" ]; };
  iproute2 = { debs = [ "iproute2" ]; allowMissing = "^libatm"; description = "ip, ss, tc, bridge"; mainProgram = "ip"; };
  iputils = { debs = [ "iputils-ping" ]; description = "ping"; mainProgram = "ping"; };
  nettools = { debs = [ "net-tools" ]; description = "ifconfig, netstat, route"; mainProgram = "ifconfig"; };
  ethtool = simple "ethtool" "network card settings";
  tcpdump = simple "tcpdump" "packet capture";
  socat = simple "socat" "relay between sockets";
  netcat = { debs = [ "netcat-openbsd" ]; description = "reads and writes sockets"; mainProgram = "nc"; finish = "ln -sf nc.openbsd $out/bin/nc"; };
  iperf = { debs = [ "iperf3" "libiperf0" ]; description = "network throughput"; mainProgram = "iperf3"; };
  dnsutils = { debs = [ "bind9-dnsutils" "bind9-host" ]; description = "dig, host, nslookup"; mainProgram = "dig"; };
  iptables = simple "iptables" "packet filter tool";
  nftables = { debs = [ "nftables" ]; description = "packet filter tool"; mainProgram = "nft"; };
  wpa_supplicant = { debs = [ "wpasupplicant" ]; description = "wireless authentication"; };
  gnupg = {
    debs = [ "gnupg" "gnupg-utils" "gnupg-l10n" "gpg" "gpg-agent" "gpgconf" "gpgsm" "gpgv" "gpg-wks-client" "gpg-wks-server" "dirmngr" "pinentry-curses" ];
    description = "GNU Privacy Guard"; mainProgram = "gpg";
    # its programs look for each other below this file's directory
    finish = "";
  };
  cacert = {
    debs = [ "ca-certificates" ]; description = "certificate authorities"; ignore = [ "openssl" ];
    finish = ''
      mkdir -p $out/etc/ssl/certs
      find $out/share/ca-certificates -name '*.crt' | LC_ALL=C sort | xargs cat > $out/etc/ssl/certs/ca-bundle.crt
      ln -s ca-bundle.crt $out/etc/ssl/certs/ca-certificates.crt
      rm -rf $out/bin $out/sbin
    '';
  };
  tzdata = simple "tzdata" "time zones";
  iana-etc = { debs = [ "netbase" ]; description = "protocol and service numbers"; };

  # --- system ---
  util-linux = { debs = [ "util-linux" "util-linux-extra" "mount" "fdisk" ]; description = "mount, lsblk, fdisk, dmesg ..."; mainProgram = "lsblk"; };
  procps = { debs = [ "procps" "libproc2-0" ]; description = "ps, top, free"; mainProgram = "ps"; };
  psmisc = { debs = [ "psmisc" ]; description = "killall, pstree, fuser"; mainProgram = "killall"; };
  htop = simple "htop" "process viewer";
  lsof = simple "lsof" "lists open files";
  kmod = { debs = [ "kmod" "libkmod2" ]; description = "modprobe, depmod, lsmod"; };
  systemd = {
    debs = [ "systemd" "libsystemd-shared" ]; description = "system and service manager"; mainProgram = "systemctl";
    prepare = "rm -rf lib/udev/hwdb.d";
    ignore = [ "libpam0g" ]; allowMissing = "^libpam";
  };
  kbd = simple "kbd" "console fonts and keymaps";
  sudo = simple "sudo" "runs commands as another user";
  hdparm = simple "hdparm" "disk settings";
  smartmontools = { debs = [ "smartmontools" ]; description = "disk health"; mainProgram = "smartctl"; };
  nvme-cli = { debs = [ "nvme-cli" "libnvme1" ]; description = "NVMe management"; mainProgram = "nvme"; };
  parted = { debs = [ "parted" "libparted2" ]; description = "partition editor"; };
  gptfdisk = { debs = [ "gdisk" ]; description = "GPT partition editor"; mainProgram = "gdisk"; };
  dosfstools = { debs = [ "dosfstools" ]; description = "FAT tools"; mainProgram = "mkfs.fat"; };
  e2fsprogs = { debs = [ "e2fsprogs" "libext2fs2" "libss2" "logsave" ]; description = "ext2/3/4 tools"; mainProgram = "mke2fs"; };
  btrfs-progs = { debs = [ "btrfs-progs" ]; description = "btrfs tools"; mainProgram = "btrfs"; };
  xfsprogs = { debs = [ "xfsprogs" ]; description = "XFS tools"; mainProgram = "mkfs.xfs"; };
  ntfs3g = { debs = [ "ntfs-3g" "libntfs-3g89" ]; description = "NTFS driver and tools"; mainProgram = "ntfs-3g"; };
  cryptsetup = { debs = [ "cryptsetup-bin" "libcryptsetup12" ]; description = "disk encryption"; mainProgram = "cryptsetup"; };
  lvm2 = { debs = [ "lvm2" "liblvm2cmd2.03" "dmeventd" "libdevmapper-event1.02.1" ]; description = "logical volumes"; mainProgram = "lvm"; };
  mdadm = simple "mdadm" "software RAID";
  testdisk = simple "testdisk" "partition and file recovery";
  ddrescue = { debs = [ "gddrescue" ]; description = "copies failing disks"; mainProgram = "ddrescue"; };
  memtester = simple "memtester" "memory test";
  stress-ng = simple "stress-ng" "load generator";
  pciutils = { debs = [ "pciutils" ]; description = "lspci"; mainProgram = "lspci"; finish = "wrapProgram lspci --add-flags \"-i ${self.debianLibraries."pci.ids"}/share/misc/pci.ids\""; };
  usbutils = { debs = [ "usbutils" ]; description = "lsusb"; mainProgram = "lsusb"; };

  # --- images, boot, virtual machines ---
  squashfsTools = { debs = [ "squashfs-tools" ]; description = "squashfs tools"; mainProgram = "mksquashfs"; };
  xorriso = { debs = [ "xorriso" "libisoburn1" "libburn4" "libisofs6" "libjte2" ]; description = "ISO 9660 images"; };
  mtools = { debs = [ "mtools" ]; description = "FAT files without mounting"; finish = "wrapProgram mtools --set-default GCONV_PATH ${glibc}/lib/gconv"; };
  grub2 = {
    debs = [ "grub-common" "grub-efi-amd64-bin" ]; description = "boot loader (EFI)"; mainProgram = "grub-mkimage";
    prepare = "rm -rf etc share/grub/*.pf2 lib/grub/x86_64-efi/monolithic";
  };
  syslinux = { debs = [ "isolinux" "syslinux-common" ]; description = "boot loaders for BIOS"; };
  seabios = simple "seabios" "BIOS for virtual machines";
  OVMF = {
    debs = [ "ovmf" ]; description = "UEFI for virtual machines";
    finish = "mkdir -p $out/FV; for f in CODE VARS; do ln -s ../share/OVMF/OVMF_\${f}_4M.fd $out/FV/OVMF_$f.fd; done";
  };
  qemu = {
    debs = [ "qemu-system-x86" "qemu-system-common" "qemu-system-data" "qemu-utils" "ipxe-qemu" ]; description = "machine emulator"; mainProgram = "qemu-system-x86_64";
    # firmware beside the program, where -L of the wrapper points
    finish = ''
      cp -n ${self.seabios}/share/seabios/* $out/share/qemu/ || true
      for f in $out/lib/ipxe/qemu/* $out/share/ipxe/qemu/*; do [ ! -e $f ] || ln -sf $f $out/share/qemu/; done
      wrapProgram qemu-system-x86_64 --add-flags "-L $out/share/qemu"
      [ ! -e $out/lib/qemu ] || true
    '';
    extraDeps = [ self.seabios ];
  };
  busybox-static = { debs = [ "busybox-static" ]; description = "many tools in one static program"; mainProgram = "busybox"; };
}
