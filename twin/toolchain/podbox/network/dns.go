package network

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	dnsPort = 53
	// How long an answer may be remembered, in seconds: CoreDNS's default for Services.
	timeToLive = 5
	// The longest answer by UDP without EDNS (RFC 1035); a longer one is asked again by TCP.
	udpLimit = 512
	tcpLimit = 65_535
	// How long a connection to the name server may be idle (RFC 7766 asks for a few seconds).
	namesIdle = 10 * time.Second
)

// openNames opens the name server's UDP port, unless it has this address already; nil for none. TCP's is one of the
// listeners.
func (n *Network) openNames(address netip.Addr) (net.PacketConn, error) {
	if !address.IsValid() || n.names != nil && address == n.table.Load().dns {
		return nil, nil
	}
	config := net.ListenConfig{Control: transparent}
	names, err := config.ListenPacket(context.Background(), "udp4", netip.AddrPortFrom(address, dnsPort).String())
	if err != nil {
		return nil, fmt.Errorf("open the name server's port: %w", err)
	}
	return names, nil
}

// serveNames answers by UDP. A Pod that may not call the name server gets no answer, as if the packet had been dropped.
func (n *Network) serveNames(names net.PacketConn) {
	buffer := make([]byte, tcpLimit)
	for {
		size, client, err := names.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			warn("read a question", err)
			time.Sleep(pause)
			continue
		}
		t := n.table.Load()
		from := client.(*net.UDPAddr).AddrPort().Addr().Unmap()
		if !allowed(t.egress, from, t.dns, udp, dnsPort) {
			continue
		}
		if answer, err := t.answer(buffer[:size], udpLimit); err == nil {
			_, err = names.WriteTo(answer, client)
			if !errors.Is(err, net.ErrClosed) {
				warn("answer a question", err)
			}
		}
	}
}

// serveNamesTCP answers one connection's questions, each behind its length in two bytes.
func (n *Network) serveNamesTCP(client *net.TCPConn) {
	defer client.Close()
	for {
		if err := client.SetDeadline(time.Now().Add(namesIdle)); err != nil {
			return
		}
		var length [2]byte
		if _, err := io.ReadFull(client, length[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(client, question); err != nil {
			return
		}
		answer, err := n.table.Load().answer(question, tcpLimit)
		if err != nil {
			return
		}
		if _, err := client.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// answer makes the message for a question, no longer than limit. Errors are for what is no question at all: nobody waits
// for an answer to it. Known names have addresses of IPv4 and nothing else; all other names do not exist. What a client
// says of EDNS (RFC 6891) is not read and not answered, as by a server that does not know it.
func (t *table) answer(question []byte, limit int) ([]byte, error) {
	var parser dnsmessage.Parser
	asked, err := parser.Start(question)
	if err != nil {
		return nil, fmt.Errorf("read a question's header: %w", err)
	}
	if asked.Response {
		return nil, errors.New("an answer instead of a question")
	}
	header := dnsmessage.Header{
		ID: asked.ID, OpCode: asked.OpCode, Response: true,
		RecursionDesired: asked.RecursionDesired, RecursionAvailable: true,
	}
	if asked.OpCode != 0 {
		header.RCode = dnsmessage.RCodeNotImplemented
		return pack(header, nil, nil)
	}
	questions, err := parser.AllQuestions()
	if err != nil || len(questions) != 1 {
		header.RCode = dnsmessage.RCodeFormatError
		return pack(header, nil, nil)
	}
	q := questions[0]
	if q.Class != dnsmessage.ClassINET {
		header.RCode = dnsmessage.RCodeRefused
		return pack(header, &q, nil)
	}
	header.Authoritative = true
	addresses, known := t.lookUp(q.Name.String())
	if !known {
		header.RCode = dnsmessage.RCodeNameError
	}
	if q.Type != dnsmessage.TypeA && q.Type != dnsmessage.TypeALL {
		addresses = nil
	}
	// The name by a pointer of two bytes, then type, class, time to live, length and address. The root has no pointer, and
	// no address.
	const each = 16
	answer, err := pack(header, &q, nil)
	if room := (limit - len(answer)) / each; err == nil && len(addresses) > room {
		header.Truncated, addresses = true, addresses[:room]
	}
	if err != nil || len(addresses) == 0 && !header.Truncated {
		return answer, err
	}
	return pack(header, &q, addresses)
}

// lookUp finds a name's addresses, in another order each time: many callers take the first.
func (t *table) lookUp(name string) ([]netip.Addr, bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if found, ok := t.names[name]; ok {
		addresses := make([]netip.Addr, len(found))
		for i, from := range rand.Perm(len(found)) {
			addresses[i] = found[from]
		}
		return addresses, true
	}
	if made, ok := t.outsideNames[name]; ok {
		return []netip.Addr{made}, true
	}
	return nil, false
}

func pack(header dnsmessage.Header, question *dnsmessage.Question, addresses []netip.Addr) ([]byte, error) {
	message := dnsmessage.Message{Header: header}
	if question != nil {
		message.Questions = []dnsmessage.Question{*question}
	}
	for _, address := range addresses {
		message.Answers = append(message.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class, TTL: timeToLive},
			Body:   &dnsmessage.AResource{A: address.As4()},
		})
	}
	return message.Pack()
}
