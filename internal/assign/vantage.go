package assign

import (
	"net/netip"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/probe/outside"
	"github.com/greenlang/fournines/internal/spec"
)

// Below the health path, so that the edges count no customer's request.
const (
	canaryRead  = place.ReadyPath + "/read"
	canaryWrite = place.ReadyPath + "/write"
)

// Points returns the vantage points of the platform as its prober uses them; none where the
// installation answers no names, because customers find it by them. token is the application's.
func Points(l place.Layout, token string) []outside.Point {
	if l.DNS == "" {
		return nil
	}
	placed := availability.Place(l.Platform, l.Regions, nil, nil)
	var out []outside.Point
	for _, v := range l.Platform.Outside() {
		p := outside.Point{
			Name: v.Name, NameServers: v.NameServers, Service: place.APIName, Port: v.Port, ReadPath: canaryRead, WritePath: canaryWrite, Token: token,
		}
		p.Network, _ = netip.ParsePrefix(v.Network) // the spec was checked; none is no network
		if p.Port == 0 {
			p.Port = place.AppPort
		}
		if len(p.NameServers) == 0 {
			for _, r := range l.Regions {
				p.NameServers = append(p.NameServers, l.Addr(r, "", place.DnsPort))
			}
		}
		for _, home := range standsFor(v, placed) {
			h := outside.Home{Name: home}
			for c := range len(placed.Cells) {
				if placed.Cells[c] == home {
					h.Cells = append(h.Cells, c)
				}
			}
			if len(h.Cells) > 0 {
				p.Homes = append(p.Homes, h)
			}
		}
		if len(p.Homes) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// standsFor returns the homes of a vantage point that run here.
func standsFor(v spec.VantagePoint, placed availability.Placement) (out []string) {
	for _, home := range v.Homes {
		if placed.Serving[home] != "" {
			out = append(out, home)
		}
	}
	return out
}
