#!/bin/sh
# Runs outside of the new root file system ($1) when the image is built: kernel, modules, initramfs. mmdebstrap's hook; $2 is
# the folder for the results, $3 this folder.
set -eu
root=$1 out=$2 here=$3

# The kernel of the image's suite, whatever this machine runs; not installed, since its scripts would make an initramfs.
mkdir "$out/kernel"
cd "$out/kernel"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
package=$(apt-cache depends --no-recommends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
apt-get download -qq -o APT::Sandbox::User=root "$package"
dpkg -x ./*.deb .
version=$(ls lib/modules)
depmod -b . "$version"

# Only the modules that are used, with what they need; the ciphers too, which the kernel asks for by name.
files() { for module in "$@"; do
  modprobe -d . -S "$version" --show-depends "$module" | sed -n 's/^insmod .*\(lib\/modules[^ ]*\).*/\1/p'
done; }
files virtio_pci virtio_blk squashfs overlay | awk '!seen[$0]++' > first # find the root file system, in this order
files virtio_net virtio_rng 8021q bridge mac80211_hwsim ccm gcm cmac ctr ghash_generic seqiv > others
sort -u first others > all
tar -cf - -T all lib/modules/"$version"/modules.order lib/modules/"$version"/modules.builtin \
  lib/modules/"$version"/modules.builtin.modinfo | tar -xf - -C "$root"
mkdir -p "$root/lib"
depmod -b "$root" "$version"

# The initramfs: busybox, what finds the root file system, and init.
mkdir -p initramfs/bin initramfs/modules
cp "$root/bin/busybox" initramfs/bin/
cp "$here/initramfs-init" initramfs/init
chmod 755 initramfs/init
number=10
while read -r file; do
  cp "$file" "initramfs/modules/$number-${file##*/}"
  number=$((number + 1))
done < first
(cd initramfs && find . | cpio -o -H newc --quiet | gzip -9) > "$out/initrd.gz"
mv boot/vmlinuz-* "$out/vmlinuz"
cd /
rm -r "$out/kernel"
