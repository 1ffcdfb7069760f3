# Platforms as values (`stdenv.hostPlatform`).
{ lib }:
rec {
  doubles = { linux = lib.platforms.linux; all = lib.platforms.all; };
  flakeExposed = [ "x86_64-linux" ];
  supported.hydra = [ "x86_64-linux" ];
  parse = { mkSystemFromString = s: s; doubleFromSystem = s: s; };
  examples = { };

  # elaborate "x86_64-linux" -> what is known about that platform
  elaborate = arg:
    let
      system = if builtins.isString arg then arg else arg.system or arg.config or (throw "lib.systems.elaborate: a platform needs `system` or `config`");
      parts = lib.splitString "-" system;
      cpu = lib.head parts;
      kernel = lib.last parts;
    in
    {
      inherit system;
      config = "${cpu}-unknown-${kernel}-gnu";
      parsed = { cpu = { name = cpu; bits = 64; family = if cpu == "x86_64" then "x86" else "arm"; }; kernel.name = kernel; vendor.name = "unknown"; abi.name = "gnu"; };
      uname = { system = "Linux"; processor = cpu; release = null; };
      linuxArch = cpu;
      qemuArch = cpu;
      libc = "glibc";
      isLinux = kernel == "linux";
      isDarwin = kernel == "darwin";
      isUnix = true;
      isx86_64 = cpu == "x86_64";
      isx86 = cpu == "x86_64" || cpu == "i686";
      isi686 = cpu == "i686";
      isx86_32 = cpu == "i686";
      isAarch64 = cpu == "aarch64";
      isAarch32 = false;
      isAarch = cpu == "aarch64";
      isRiscV = false;
      isPower = false;
      isMips = false;
      isS390 = false;
      isGnu = true;
      isMusl = false;
      isStatic = false;
      isWindows = false;
      isMinGW = false;
      isCygwin = false;
      isFreeBSD = false;
      isOpenBSD = false;
      isNetBSD = false;
      isBSD = false;
      isMacOS = false;
      isWasm = false;
      isGhcjs = false;
      isAndroid = false;
      is64bit = true;
      is32bit = false;
      isLittleEndian = true;
      isBigEndian = false;
      isEfi = true;
      isElf = true;
      hasSharedLibraries = true;
      extensions = { sharedLibrary = ".so"; staticLibrary = ".a"; library = ".so"; executable = ""; };
      canExecute = other: other.system == system;
      emulatorAvailable = _: false;
      gcc = { };
      linux-kernel = { name = "pc"; target = "bzImage"; };
      __toString = self: self.system;
    };
  equals = a: b: a.system == b.system;
  toLosslessStringMaybe = x: if builtins.isString x then x else x.system or null;
}
