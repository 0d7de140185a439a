"""pyroute2's IPRoute: every kind of object, and events of changes that the same and another socket make.

Prints one JSON document; pyroute2.test.ts compares.
"""
import json
import sys
from socket import AF_INET

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError


def errno_of(call, *args, **options):
    """The errno that a call fails with, 0 when it does not."""
    try:
        call(*args, **options)
    except NetlinkError as error:
        return error.code
    return 0


def routes(ip, destination):
    return [
        {"gateway": route.get_attr("RTA_GATEWAY"), "proto": route["proto"], "oif": route.get_attr("RTA_OIF")}
        for route in ip.get_routes(family=AF_INET)
        if route.get_attr("RTA_DST") == destination
    ]


def events_of(ip, expected):
    """The events until each of the expected kinds came once, by kind, in order of their coming."""
    seen = []
    while not set(expected) <= set(seen):
        seen += [message["event"] for message in ip.get()]
    return [event for event in dict.fromkeys(seen) if event in expected]


def main():
    found = {}
    with IPRoute() as ip, IPRoute() as watcher:
        watcher.bind()
        found["links"] = {
            link.get_attr("IFLA_IFNAME"): {
                "mtu": link.get_attr("IFLA_MTU"),
                "address": link.get_attr("IFLA_ADDRESS"),
                "state": link.get_attr("IFLA_OPERSTATE"),
                "kind": link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND"),
            }
            for link in ip.get_links()
        }
        [index] = ip.link_lookup(ifname="eth0")
        found["looked up"] = index == ip.get_links(ifname="eth0")[0]["index"]
        found["absent"] = ip.link_lookup(ifname="nosuch")
        found["addresses"] = sorted(
            f'{address.get_attr("IFA_ADDRESS")}/{address["prefixlen"]}' for address in ip.get_addr(index=index)
        )
        found["rules"] = sorted(rule.get_attr("FRA_TABLE") for rule in ip.get_rules(family=AF_INET))

        ip.addr("add", index=index, address="198.51.100.1", prefixlen=24)
        ip.addr("add", index=index, address="2001:db8:2::1", prefixlen=64)
        ip.route("add", dst="203.0.113.0/24", gateway="192.0.2.9")
        found["route"] = routes(ip, "203.0.113.0") == [{"gateway": "192.0.2.9", "proto": 4, "oif": index}]
        found["route again"] = errno_of(ip.route, "add", dst="203.0.113.0/24", gateway="192.0.2.9")
        ip.route("replace", dst="203.0.113.0/24", gateway="192.0.2.10")
        found["gateway"] = [route["gateway"] for route in routes(ip, "203.0.113.0")]
        ip.route("add", dst="2001:db8:3::/48", gateway="2001:db8::9")
        found["way"] = ip.route("get", dst="203.0.113.7")[0].get_attr("RTA_GATEWAY")
        ip.neigh("add", dst="192.0.2.30", lladdr="02:00:00:00:00:30", ifindex=index)
        found["neighbour"] = [
            neighbour.get_attr("NDA_LLADDR")
            for neighbour in ip.get_neighbours(family=AF_INET)
            if neighbour.get_attr("NDA_DST") == "192.0.2.30"
        ]
        ip.link("set", index=index, mtu=1400)
        found["mtu"] = ip.get_links(index)[0].get_attr("IFLA_MTU")
        ip.link("set", index=index, mtu=1500)

        ip.neigh("del", dst="192.0.2.30", lladdr="02:00:00:00:00:30", ifindex=index)
        ip.route("del", dst="2001:db8:3::/48", gateway="2001:db8::9")
        ip.route("del", dst="203.0.113.0/24")
        found["route gone"] = errno_of(ip.route, "del", dst="203.0.113.0/24")
        ip.addr("del", index=index, address="2001:db8:2::1", prefixlen=64)
        ip.addr("del", index=index, address="198.51.100.1", prefixlen=24)
        found["address gone"] = errno_of(ip.addr, "del", index=index, address="198.51.100.1", prefixlen=24)
        found["events"] = sorted(
            events_of(
                watcher,
                [
                    "RTM_NEWADDR",
                    "RTM_NEWROUTE",
                    "RTM_NEWNEIGH",
                    "RTM_NEWLINK",
                    "RTM_DELNEIGH",
                    "RTM_DELROUTE",
                    "RTM_DELADDR",
                ],
            )
        )
    json.dump(found, sys.stdout)


main()
