umask 022
mkdir -p iso/{boot/grub,live} $out/iso $out/nix-support
cd iso
printf %s $toplevel > live/system
touchAll() { find "$@" -exec touch -h -d @$SOURCE_DATE_EPOCH {} +; }

# What lies on the medium straight from the store, without a copy.
graft=(boot/vmlinuz=$root/vmlinuz boot/initrd.zst=$root/initrd.zst live/root.squashfs=$root/root.squashfs live/config.squashfs=$config nix-store.squashfs=$store)
set -- $contents
while [ $# -gt 0 ]; do graft+=("${2#/}=$1"); shift 2; done

boot=()
if [ -n "$bios" ]; then
  mkdir isolinux
  cp $imageTools/lib/ISOLINUX/isolinux.bin isolinux/
  cp $imageTools/lib/syslinux/modules/bios/{ldlinux,libcom32,libutil,menu}.c32 isolinux/
  # xorriso patches a table into it
  chmod u+w isolinux/*
  {
    printf 'SERIAL 0 115200\nUI menu.c32\nMENU TITLE %s\nDEFAULT live\n' "$menuLabel"
    # tenths of a second; 0 waits for ever, so "at once" is the shortest wait
    if [ $menuTimeout -lt 0 ]; then echo "TIMEOUT 0"; elif [ $menuTimeout = 0 ]; then echo "TIMEOUT 1"; else echo "TIMEOUT $((menuTimeout * 10))"; fi
    printf 'LABEL live\n  MENU LABEL Start\n  LINUX /boot/vmlinuz\n  INITRD /boot/initrd.zst\n  APPEND %s\n' "$commandLine"
  } > isolinux/isolinux.cfg
  boot+=(-b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table)
  [ -z "$usb" ] || boot+=(-isohybrid-mbr $imageTools/lib/ISOLINUX/isohdpfx.bin)
fi

if [ -n "$efi" ]; then
  cat > boot/grub/grub.cfg << EOF
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=$menuTimeout
menuentry "$menuLabel" {
  linux /boot/vmlinuz $commandLine
  initrd /boot/initrd.zst
}
EOF
  cat > ../embedded.cfg << EOF
search --no-floppy --set=root --label $volumeID
set prefix=(\$root)/boot/grub
configfile (\$root)/boot/grub/grub.cfg
EOF
  grub-mkimage -d $imageTools/lib/grub/x86_64-efi -O x86_64-efi -o ../BOOTX64.EFI -p /boot/grub -c ../embedded.cfg \
    iso9660 part_gpt part_msdos fat normal linux search search_label search_fs_file configfile echo test all_video gfxterm font serial terminal loopback ls cat reboot halt minicmd
  # mtools takes FAT's times from SOURCE_DATE_EPOCH and the file, in TZ
  export GCONV_PATH=$gconv MTOOLS_SKIP_CHECK=1
  touchAll ../BOOTX64.EFI
  truncate -s 4M boot/efi.img
  mkfs.fat --invariant -F 12 -n EFIBOOT boot/efi.img > /dev/null
  mmd -i boot/efi.img ::/EFI ::/EFI/BOOT
  mcopy -m -i boot/efi.img ../BOOTX64.EFI ::/EFI/BOOT/BOOTX64.EFI
  [ -z "$bios" ] || boot+=(-eltorito-alt-boot)
  boot+=(-e boot/efi.img -no-emul-boot)
  [ -z "$usb" ] || boot+=(-isohybrid-gpt-basdat)
fi

cd ..
touchAll iso
xorriso -report_about WARNING -as mkisofs -iso-level 3 -R -J -joliet-long -volid $volumeID -publisher "" -preparer "" -appid "" -sysid "" \
  "${boot[@]}" -uid 0 -gid 0 -dir-mode 0555 -file-mode 0444 -o $out/iso/$isoName -graft-points "${graft[@]}" /=iso
echo "file iso $out/iso/$isoName" > $out/nix-support/hydra-build-products
printf %s x86_64-linux > $out/nix-support/system
