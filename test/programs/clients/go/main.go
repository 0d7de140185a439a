// A Go client of the standard library alone, built with CGO_ENABLED=0: a static program that makes its system calls
// itself. It lists the interfaces, then watches route events through the runtime's poller (epoll, edge-triggered).
//
//	client list     one line an interface and an address, one for the number of routes in the main table
//	client watch    "watching", then one line an event, until it is ended
package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"syscall"
)

const (
	groupIPv4Route = 1 << (syscall.RTNLGRP_IPV4_ROUTE - 1)
	groupIPv6Route = 1 << (syscall.RTNLGRP_IPV6_ROUTE - 1)
	tableMain      = 254
	datagramBytes  = 32768
)

func main() {
	err := fmt.Errorf("usage: client list|watch")
	if len(os.Args) == 2 && os.Args[1] == "list" {
		err = list()
	} else if len(os.Args) == 2 && os.Args[1] == "watch" {
		err = watch()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func list() error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, each := range interfaces {
		fmt.Printf("interface %s mtu %d address %q flags %s\n", each.Name, each.MTU, each.HardwareAddr, each.Flags)
		addresses, err := each.Addrs()
		if err != nil {
			return err
		}
		for _, address := range addresses {
			fmt.Printf("address %s %s\n", each.Name, address)
		}
		byName, err := net.InterfaceByName(each.Name)
		if err != nil {
			return err
		}
		byIndex, err := net.InterfaceByIndex(byName.Index)
		if err != nil {
			return err
		}
		fmt.Printf("agrees %s %t\n", each.Name, byIndex.Name == each.Name)
	}
	return countRoutes()
}

func countRoutes() error {
	bytes, err := syscall.NetlinkRIB(syscall.RTM_GETROUTE, syscall.AF_INET)
	if err != nil {
		return err
	}
	messages, err := syscall.ParseNetlinkMessage(bytes)
	if err != nil {
		return err
	}
	routes := 0
	for _, message := range messages {
		if message.Header.Type == syscall.RTM_NEWROUTE && message.Data[4] == tableMain {
			routes++
		}
	}
	fmt.Printf("routes %d\n", routes)
	return nil
}

func watch() error {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, syscall.NETLINK_ROUTE)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	address := syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: groupIPv4Route | groupIPv6Route}
	if err := syscall.Bind(fd, &address); err != nil {
		return os.NewSyscallError("bind", err)
	}
	file := os.NewFile(uintptr(fd), "netlink")
	defer file.Close()
	fmt.Println("watching")
	buffer := make([]byte, datagramBytes)
	for {
		// Blocks in the poller of the runtime: the descriptor does not block, and each datagram must make an edge.
		length, err := file.Read(buffer)
		if err != nil {
			return err
		}
		messages, err := syscall.ParseNetlinkMessage(buffer[:length])
		if err != nil {
			return err
		}
		for i := range messages {
			printRoute(&messages[i])
		}
	}
}

func printRoute(message *syscall.NetlinkMessage) {
	verb := map[uint16]string{syscall.RTM_NEWROUTE: "new", syscall.RTM_DELROUTE: "del"}[message.Header.Type]
	if message.Data[4] != tableMain {
		return
	}
	destination, gateway, link := "default", "-", uint32(0)
	attributes, err := syscall.ParseNetlinkRouteAttr(message)
	if err != nil {
		fmt.Println("attributes:", err)
		return
	}
	for _, attribute := range attributes {
		switch attribute.Attr.Type {
		case syscall.RTA_DST:
			destination = net.IP(attribute.Value).String()
		case syscall.RTA_GATEWAY:
			gateway = net.IP(attribute.Value).String()
		case syscall.RTA_OIF:
			link = binary.LittleEndian.Uint32(attribute.Value)
		}
	}
	fmt.Printf("%s route %s/%d via %s index %d\n", verb, destination, message.Data[1], gateway, link)
}
