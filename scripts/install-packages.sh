#!/bin/sh
# Installs packages of Debian or Ubuntu without starting what they bring: the tests run daemons of their own.
#   install-packages.sh PACKAGE...
# SERVICES names what the packages would start with the system, separated by spaces. To be run as root.
set -eu

# invoke-rc.d and deb-systemd-invoke ask this program before they start anything; 101 forbids it. Where there is one
# already, the machine's owner has decided.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

install() {
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "$@"
}

# The lists may be absent, as in a fresh container, or older than what the archive has. What the archive does not have
# must not keep the others away.
install "$@" || {
  apt-get update --quiet
  install "$@" || for package; do install "$package" || true; done
}

if [ -d /run/systemd/system ]; then
  for service in ${SERVICES:-}; do systemctl disable --quiet "$service" || true; done
fi
