package accept

import "net"

// Told is a listener that tells of every failure to take a connection, for servers that have
// a loop of their own and back off in it, as those of net/http.
type Told struct {
	net.Listener
	Failed func(error)
}

// Accept takes a connection.
func (l Told) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		l.Failed(err)
	}
	return c, err
}
