# autoreconfHook: regenerates configure before it runs.
{ makeSetupHook, autoconf, automake, libtool, gnum4, perl, gettext }:
makeSetupHook { name = "autoreconf-hook"; propagatedBuildInputs = [ autoconf automake libtool gnum4 perl gettext ]; } ./hook.sh
