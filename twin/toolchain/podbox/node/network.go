package node

// Network connects the network namespaces of Pods. It is used by many goroutines at the same time.
type Network interface {
	// Attach gives the network namespace of a descriptor its interface with one IPv4 address.
	Attach(netns int, ip string) error
	// Detach removes what Attach made. It does nothing for an address that it does not know.
	Detach(ip string)
	// Set replaces the whole table (JSON) of what Pods may reach.
	Set(json []byte) error
}
