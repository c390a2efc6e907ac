package console

import (
	"fmt"
	"math"

	"github.com/greenlang/fournines/internal/api"
)

// The map is an equirectangular projection: 2 units a degree, from 75° north.
const (
	mapUnit  = 2.0
	mapNorth = 75.0
)

// site is a region on the map.
type site struct {
	api.Region
	X, Y   float64
	LabelX float64 // beside the marker, on the side with room
	Anchor string  // start or end
}

// pairing joins a region and the one that takes over for it, with the copy between them
// where both run.
type pairing struct {
	From, To string
	Path     string
	Live     *api.Pair // nil: it is only declared
	X, Y     float64   // of the label
}

// Tone is the class of the copy's health.
func (p pairing) Tone() string {
	if p.Live == nil {
		return "mute"
	}
	return healthMark(p.Live.Health).Tone
}

// world is the map. Elsewhere are regions whose place is not known; they are in
// the list beside the map like all others.
type world struct {
	Sites     []site
	Pairings  []pairing
	Elsewhere []string
}

// drawWorld places regions by their names' well-known places.
func drawWorld(regions []api.Region, live []api.Pair) world {
	var w world
	placed := map[string]site{}
	for _, r := range regions {
		latitude, longitude, known := placeOf(r.Name)
		if !known {
			w.Elsewhere = append(w.Elsewhere, r.Name)
			continue
		}
		s := site{Region: r, X: (longitude + 180) * mapUnit, Y: (mapNorth - latitude) * mapUnit, Anchor: "start"}
		s.LabelX = s.X + 11
		if leftward(r.Name) {
			s.LabelX, s.Anchor = s.X-11, "end"
		}
		placed[r.Name] = s
		w.Sites = append(w.Sites, s)
	}
	for _, s := range w.Sites {
		to, ok := placed[s.Pair]
		if ok && s.Role == "active" {
			w.Pairings = append(w.Pairings, join(s, to, live))
		}
	}
	return w
}

// join draws the copy from who serves to who would take over, or the pair as declared.
func join(home, partner site, live []api.Pair) pairing {
	p := pairing{From: home.Name, To: partner.Name}
	for _, l := range live {
		if (l.From == home.Name && l.To == partner.Name) || (l.From == partner.Name && l.To == home.Name) {
			p.Live, p.From, p.To = &l, l.From, l.To
		}
	}
	if p.From != home.Name {
		home, partner = partner, home
	}
	bow := math.Hypot(partner.X-home.X, partner.Y-home.Y) * 0.22
	middle, top := (home.X+partner.X)/2, min(home.Y, partner.Y)-bow // it bows to the north, as flights do
	p.Path = fmt.Sprintf("M%.1f %.1fQ%.1f %.1f %.1f %.1f", home.X, home.Y, middle, top, partner.X, partner.Y)
	p.X, p.Y = middle, (home.Y+partner.Y)/4+top/2-3
	return p
}

// leftward says that a region's label goes to the left of its marker, where a
// near neighbour or the map's edge leaves no room on the right.
func leftward(region string) bool {
	return region == "eu-west-1" || region == "us-west-2" || region == "us-west-1" || region == "ap-northeast-1"
}

// placeOf is the latitude and longitude, in degrees, of the regions that public
// clouds name this way.
func placeOf(region string) (latitude, longitude float64, known bool) {
	switch region {
	case "us-east-1":
		return 38.9, -77.4, true
	case "us-east-2":
		return 40.0, -83.0, true
	case "us-west-1":
		return 37.4, -121.9, true
	case "us-west-2":
		return 45.8, -119.7, true
	case "ca-central-1":
		return 45.5, -73.6, true
	case "sa-east-1":
		return -23.5, -46.6, true
	case "eu-west-1":
		return 53.3, -6.3, true
	case "eu-west-2":
		return 51.5, -0.1, true
	case "eu-central-1":
		return 50.1, 8.7, true
	case "eu-north-1":
		return 59.3, 18.1, true
	case "ap-south-1":
		return 19.1, 72.9, true
	case "ap-southeast-1":
		return 1.3, 103.8, true
	case "ap-southeast-2":
		return -33.9, 151.2, true
	case "ap-northeast-1":
		return 35.7, 139.7, true
	default:
		return 0, 0, false
	}
}
