# The live system's options, as an expression: true, or an error that shows
# what differs. Nothing is built.
let
  lib = import ../lib;
  system = modules: (import ../nixos { system = "x86_64-linux"; configuration = { imports = [ ../nixos/modules/installer/cd-dvd/installation-cd-minimal.nix ] ++ lib.toList modules; }; }).config;
  file = name: modules: (system modules).live.files.${name};
  fails = v: !(builtins.tryEval (builtins.deepSeq v v)).success;
  line = prefix: text: lib.findFirst (lib.hasPrefix prefix) "" (lib.splitString "\n" text);
  imageOf = modules: (system modules).system.build.isoImage;

  failures = lib.runTests {
    testImageIsADerivation = { expr = lib.isDerivation (imageOf { }); expected = true; };
    testSameTwice = { expr = (imageOf { }).drvPath == (imageOf { }).drvPath; expected = true; };
    testIsoName = { expr = (imageOf { isoImage.isoName = "x.iso"; }).isoName; expected = "x.iso"; };
    testBaseUntouchedByRecipe = {
      expr = let a = system { }; b = system { networking.hostName = "other"; environment.variables.A = "b"; users.users.eve.isNormalUser = true; }; in
        a.system.build.liveRoot.drvPath == b.system.build.liveRoot.drvPath && a.system.build.configLayer.drvPath != b.system.build.configLayer.drvPath;
      expected = true;
    };
    testRoot = { expr = line "root:" (file "etc/passwd" { }).text; expected = "root:x:0:0:root:/root:/bin/bash"; };
    testEmptyRootPassword = { expr = line "root:" (file "etc/shadow" { }).text; expected = "root::20000:0:99999:7:::"; };
    testHashedPassword = { expr = line "root:" (file "etc/shadow" { users.users.root.hashedPassword = "$6$x"; }).text; expected = "root:$6$x:20000:0:99999:7:::"; };
    testShadowMode = { expr = let f = file "etc/shadow" { }; in [ f.mode f.gid ]; expected = [ "0640" 42 ]; };
    testNewUser = { expr = line "eve:" (file "etc/passwd" { users.users.eve = { isNormalUser = true; description = "Eve"; }; }).text; expected = "eve:x:1001:100:Eve:/home/eve:/bin/bash"; };
    testGroupMembers = { expr = line "audio:" (file "etc/group" { users.users.eve = { isNormalUser = true; extraGroups = [ "audio" ]; }; }).text; expected = "audio:x:29:eve"; };
    testNewGroup = { expr = line "crew:" (file "etc/group" { users.groups.crew.members = [ "nixos" ]; }).text; expected = "crew:x:400:nixos"; };
    testHostName = { expr = (file "etc/hostname" { networking.hostName = "ship"; }).text; expected = "ship\n"; };
    testBadHostName = { expr = fails (system { networking.hostName = "a b"; }).networking.hostName; expected = true; };
    testEtc = { expr = (file "etc/x/y" { environment.etc."x/y" = { text = "z"; mode = "0400"; }; }).mode; expected = "0400"; };
    testService = {
      expr = let c = system { systemd.services.s = { wantedBy = [ "multi-user.target" ]; serviceConfig.ExecStart = "/bin/true"; after = [ "network.target" ]; }; }; in
        [ (lib.hasInfix "ExecStart=/bin/true" c.live.files."etc/systemd/system/s.service".text) c.live.files."etc/systemd/system/multi-user.target.wants/s.service".link ];
      expected = [ true "../s.service" ];
    };
    testMaskedService = { expr = (file "etc/systemd/system/s.service" { systemd.services.s.enable = false; }).link; expected = "/dev/null"; };
    testTimer = { expr = lib.hasInfix "OnCalendar=daily" (file "etc/systemd/system/s.timer" { systemd.services.s = { startAt = "daily"; script = "true"; }; }).text; expected = true; };
    testTimeZone = { expr = (file "etc/localtime" { time.timeZone = "Europe/Berlin"; }).link; expected = "../usr/share/zoneinfo/Europe/Berlin"; };
    testUnknownOption = { expr = fails (system { networking.hostname = "x"; }).networking.hostName; expected = true; };
    testAssertion = { expr = fails (imageOf { isoImage.makeBiosBootable = false; isoImage.makeEfiBootable = false; }).drvPath; expected = true; };
    testAcceptedForNixOS = { expr = (system { documentation.nixos.enable = false; hardware.enableRedistributableFirmware = true; nix.settings.x = 1; }).system.stateVersion; expected = "12.15"; };
    testOverlay = { expr = (system { nixpkgs.overlays = [ (final: prev: { mine = "here"; }) ]; })._module.args.pkgs.mine or "not passed out"; expected = "not passed out"; };
    testOverlayPackage = {
      expr = let c = system ({ pkgs, ... }: { nixpkgs.overlays = [ (final: prev: { hello = prev.bash; }) ]; environment.etc.x.text = pkgs.hello.name; }); in c.live.files."etc/x".text;
      expected = "bash-${(import ../. { }).bash.version}";
    };
    testPrograms = { expr = lib.any (p: p.pname or "" == "git") (system { programs.git.enable = true; }).environment.systemPackages; expected = true; };
    testSsh = { expr = let c = system { services.openssh.enable = true; }; in [ (lib.elem "openssh-server" c.live.debs) c.networking.firewall.allowedTCPPorts ]; expected = [ true [ 22 ] ]; };
    testEveryOptionIsDocumented = {
      expr = map (o: o.name) (lib.filter (o: (o.description or null) == null || o.description == "") (lib.optionAttrSetToDocList
        (import ../nixos { system = "x86_64-linux"; configuration = ../nixos/modules/installer/cd-dvd/installation-cd-minimal.nix; }).options));
      expected = [ ];
    };
  };
in
if failures == [ ] then true else throw "nixos: ${lib.generators.toPretty { } failures}"
