#!/usr/bin/env bash
# Runs test programs on an emulated processor with AVX-512 VNNI (Ice Lake), for machines that have none: Bochs boots a small
# Linux whose first process runs the programs. Minutes, since every instruction is interpreted.
#
#   scripts/test_avx512.sh                     the kernels' tests and whole results of every instruction set
#   scripts/test_avx512.sh PROGRAM [ARGUMENT]...
#
# Needs bochs, bochsbios and vgabios (Debian packages), and a build in build/release. The kernel, the boot loader, busybox
# and the tools that make the disk are downloaded as Debian packages into build/emulator and unpacked there, not installed.
# Exit status: 0 when every program succeeded; 1 otherwise. cpu_targets fails where AVX-512 VNNI is not among what it tests.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$PWD/build/emulator
limit=${SPLICE_EMULATOR_SECONDS:-1800}
fail() { echo "test_avx512: $*" >&2; exit 1; }

for file in /usr/share/bochs/BIOS-bochs-latest /usr/share/bochs/VGABIOS-lgpl-latest; do
  [ -f "$file" ] || fail "$file is missing; run 'apt-get install bochs bochsbios vgabios'"
done
command -v bochs >/dev/null || fail "bochs is missing; run 'apt-get install bochs bochsbios vgabios'"

tests=build/release/tests
programs=("$tests/cpu/cpu_kernels" "$tests/cpu/cpu_targets" "$tests/cpu_dense/cpu_dense")
if [ $# -gt 0 ]; then
  programs=("$1")
  shift
fi
for program in "${programs[@]}"; do [ -x "$program" ] || fail "$program is missing; run 'make test' first"; done

# --- what the machine boots
mkdir -p "$work/packages"
if [ ! -d "$work/root" ]; then
  kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)$/\1/p')
  [ -n "$kernel" ] || fail "no package linux-image-cloud-amd64 is known; run 'apt-get update'"
  (cd "$work/packages" && apt-get -qq download "$kernel" busybox-static cpio genisoimage isolinux syslinux-common) ||
    fail "the packages could not be downloaded"
  rm -rf "$work/unpacked"
  for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$work/unpacked"; done
  mv "$work/unpacked" "$work/root"
fi
root=$work/root

# --- the first file system: busybox, the programs with their libraries, and what runs them
files=$work/files
rm -rf "$files" "$work/disk" "$work/serial.log"
mkdir -p "$files"/{bin,proc,dev,tmp,tests} "$work/disk/isolinux"
cp "$root/bin/busybox" "$files/bin/"
for program in "${programs[@]}"; do
  cp "$program" "$files/tests/"
  for library in $(ldd "$program" | grep -oE '/[^ ]+'); do
    mkdir -p "$files$(dirname "$library")"
    cp -Lu "$library" "$files$library"
  done
done
{
  echo 'export LD_BIND_NOW=1 HOME=/tmp SPLICE_EXPECTED_TARGET=AVX3_DL'
  for program in "${programs[@]}"; do
    printf '/tests/%q' "$(basename "$program")"
    if [ $# -gt 0 ]; then printf ' %q' "$@"; else printf ' --gtest_brief=1 --gtest_color=no'; fi
    printf '\necho "STATUS $? %s"\n' "$(basename "$program")"
  done
} > "$files/run.sh"
cat > "$files/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1
/bin/busybox stty -F /dev/ttyS0 -onlcr
echo "PROCESSOR $(/bin/busybox sed -n 's/^model name.*: //p' /proc/cpuinfo)"
. /run.sh
/bin/busybox sleep 3  # the serial port is slow
/bin/busybox poweroff -f
INIT
chmod +x "$files/init"
(cd "$files" && find . | "$root/bin/cpio" -o -H newc --quiet) > "$work/disk/initrd"

# --- the disk. What is cleared from the processor's features: Bochs states sizes of pku and xsavec that Linux finds
# inconsistent, and fsrm without erms, of which Linux's memmove makes an endless loop.
cp "$root"/boot/vmlinuz-* "$work/disk/vmlinuz"
cp "$root/usr/lib/ISOLINUX/isolinux.bin" "$root/usr/lib/syslinux/modules/bios/ldlinux.c32" "$work/disk/isolinux/"
cat > "$work/disk/isolinux/isolinux.cfg" <<'CONFIG'
DEFAULT linux
PROMPT 0
LABEL linux
 KERNEL /vmlinuz
 APPEND initrd=/initrd console=ttyS0 quiet mitigations=off tsc=reliable lpj=1000000 no_timer_check noapic nolapic_timer clearcpuid=pku,xsaves,xsavec,fsrm
CONFIG
"$root/usr/bin/genisoimage" -quiet -o "$work/disk.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot \
  -boot-load-size 4 -boot-info-table "$work/disk"

cat > "$work/machine" <<CONFIG
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1, iodebug=0
display_library: rfb, options="timeout=0"
memory: guest=1024, host=1024
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=corei7_icelake_u, count=1, ips=50000000, reset_on_triple_fault=0
clock: sync=none, time0=1700000000
pci: enabled=1, chipset=i440fx
ata0: enabled=1
ata0-master: type=cdrom, path=$work/disk.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/serial.log
log: $work/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
CONFIG
echo c > "$work/continue"  # Debian's bochs starts in its debugger

# --- run
echo "test_avx512: ${programs[*]} in an emulated Ice Lake, $limit s at most" >&2
status=0  # 1 where Linux switched the machine off, as it should
timeout "$limit" bochs -q -f "$work/machine" -rc "$work/continue" < /dev/null > "$work/bochs.out" 2>&1 || status=$?
[ $status -ne 124 ] || echo "test_avx512: stopped after $limit s" >&2
[ -f "$work/serial.log" ] || fail "the machine did not start; see $work/bochs.out"
sed -n '/^PROCESSOR/,$p' "$work/serial.log"

for program in "${programs[@]}"; do
  grep -q "^STATUS 0 $(basename "$program")\$" "$work/serial.log" || fail "$program failed, or did not end"
done
echo "test_avx512: passed" >&2
