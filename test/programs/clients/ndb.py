"""pyroute2's NDB: a data base that follows the kernel by events, and changes it by transactions.

Prints one JSON document; pyroute2.test.ts compares.
"""
import json
import subprocess
import sys
import time

from pyroute2 import NDB

SECONDS = 10


def eventually(check):
    """Whether the check holds within the time: NDB learns of changes in a thread of its own."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.02)
    return False


def ip(words):
    subprocess.run(["ip"] + words.split(), check=True)


def link_of_kernel(name):
    shown = subprocess.run(["ip", "-json", "link", "show", name], check=True, capture_output=True, text=True)
    return json.loads(shown.stdout)[0]


def main():
    found = {}
    with NDB() as ndb:
        found["interfaces"] = sorted(record.ifname for record in ndb.interfaces.dump())
        found["mtu"] = ndb.interfaces["eth0"]["mtu"]
        found["addresses"] = sorted(
            f"{record.address}/{record.prefixlen}" for record in ndb.interfaces["eth0"].ipaddr.dump()
        )
        found["connected"] = any(record.dst == "192.0.2.0" for record in ndb.routes.dump())

        with ndb.interfaces["eth1"] as link:
            link.add_ip("198.51.100.1/24")
            link.set("mtu", 1400)
        # Asked of the kernel: on a busy machine NDB 0.7 writes an older message of the interface to its data base after
        # the newer one, and keeps 1500, on Linux too.
        found["set mtu"] = link_of_kernel("eth1")["mtu"]
        route = ndb.routes.create(dst="203.0.113.0/24", gateway="192.0.2.9").commit()
        found["created"] = route.state.get()
        found["shown"] = subprocess.run(
            ["ip", "route", "show", "203.0.113.0/24"], check=True, capture_output=True, text=True
        ).stdout.split()[:5]
        route.remove().commit()
        with ndb.interfaces["eth1"] as link:
            link.del_ip("198.51.100.1/24")
            link.set("mtu", 1500)

        ip("route add 203.0.114.0/24 via 192.0.2.9")
        found["learnt"] = eventually(lambda: any(record.dst == "203.0.114.0" for record in ndb.routes.dump()))
        ip("route del 203.0.114.0/24")
        found["forgot"] = eventually(lambda: not any(record.dst == "203.0.114.0" for record in ndb.routes.dump()))
    json.dump(found, sys.stdout)


main()
