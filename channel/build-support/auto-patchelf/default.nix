# autoPatchelfHook: at the end of a build, every dynamic ELF file of the
# outputs gets the store's loader and a RUNPATH with the directories of the
# libraries it needs, looked up in the inputs.
{ makeSetupHook, bootstrap }:
makeSetupHook
{
  name = "auto-patchelf-hook";
  substitutions = {
    elf = ../../bootstrap/elf.sh;
    loader = "${bootstrap.glibc}/lib/ld-linux-x86-64.so.2";
    libcLib = "${bootstrap.glibc}/lib";
    gccLib = "${bootstrap.gccLib}/lib";
  };
} ./hook.sh
