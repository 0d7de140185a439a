// What every C program does on netlink without knowing: getifaddrs, if_nameindex, and the look-ups of one interface,
// which glibc makes by ioctl and musl too. One line a fact; clients.test.ts compares.
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void print_addresses(void)
{
	struct ifaddrs *first;
	char text[INET6_ADDRSTRLEN];

	if (getifaddrs(&first) < 0) {
		printf("getifaddrs: %s\n", strerror(errno));
		return;
	}
	for (struct ifaddrs *at = first; at != NULL; at = at->ifa_next) {
		const void *address;

		if (at->ifa_addr == NULL)
			continue;
		if (at->ifa_addr->sa_family == AF_INET)
			address = &((struct sockaddr_in *)at->ifa_addr)->sin_addr;
		else if (at->ifa_addr->sa_family == AF_INET6)
			address = &((struct sockaddr_in6 *)at->ifa_addr)->sin6_addr;
		else {
			printf("link %s up %d\n", at->ifa_name, (at->ifa_flags & IFF_UP) != 0);
			continue;
		}
		printf("address %s %s\n", at->ifa_name, inet_ntop(at->ifa_addr->sa_family, address, text, sizeof text));
	}
	freeifaddrs(first);
}

static void print_names(void)
{
	struct if_nameindex *names = if_nameindex();

	if (names == NULL) {
		printf("if_nameindex: %s\n", strerror(errno));
		return;
	}
	for (struct if_nameindex *at = names; at->if_index != 0; at++) {
		char name[IF_NAMESIZE] = "";

		printf("name %s agrees %d\n", at->if_name,
		       if_nametoindex(at->if_name) == at->if_index && if_indextoname(at->if_index, name) != NULL &&
			       strcmp(name, at->if_name) == 0);
	}
	if_freenameindex(names);
}

int main(void)
{
	char name[IF_NAMESIZE];

	print_addresses();
	print_names();
	errno = 0;
	printf("nosuch %u", if_nametoindex("nosuch0"));
	printf(" %s\n", strerror(errno));
	errno = 0;
	printf("4000 %s", if_indextoname(4000, name) == NULL ? "none" : name);
	printf(" %s\n", strerror(errno));
	return 0;
}
