package console

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// unit joins a figure and its unit so that no line breaks between them.
func unit(figure, name string) string { return figure + "\u00a0" + name }

// clock is the time of day, or the day too when it is another one than now's.
func clock(now, t time.Time) string {
	t, now = t.UTC(), now.UTC()
	switch {
	case t.IsZero():
		return "–"
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return t.Format("15:04:05")
	case t.Year() == now.Year():
		return t.Format("2 Jan 15:04:05")
	default:
		return t.Format("2006-01-02 15:04:05")
	}
}

// ago is how long before now something was, in one unit.
func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	switch {
	case d < -time.Second:
		return "in " + Span(-d)
	case d < time.Second:
		return "now"
	default:
		return Span(d) + " ago"
	}
}

// Span words a duration with the precision an operator acts on.
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Span(-d)
	case d < time.Second:
		return unit(strconv.FormatInt(d.Milliseconds(), 10), "ms")
	case d < 10*time.Second:
		return unit(strconv.FormatFloat(math.Round(d.Seconds()*100)/100, 'f', -1, 64), "s")
	case d < 2*time.Minute:
		return unit(strconv.Itoa(int(d.Seconds())), "s")
	case d < 2*time.Hour:
		return twoUnits(int(d.Minutes()), "m", int(d.Seconds())%60, "s")
	case d < 48*time.Hour:
		return twoUnits(int(d.Hours()), "h", int(d.Minutes())%60, "m")
	default:
		return unit(strconv.Itoa(int(d.Hours()/24)), "d")
	}
}

// twoUnits leaves the smaller unit out when it is zero.
func twoUnits(large int, largeName string, small int, smallName string) string {
	words := unit(strconv.Itoa(large), largeName)
	if small == 0 {
		return words
	}
	return words + "\u00a0" + unit(strconv.Itoa(small), smallName)
}

// Seconds words a number of seconds.
func Seconds(s float64) string { return Span(time.Duration(s * float64(time.Second))) }

// Size words an amount of data, in powers of 1000.
func Size(bytes int64) string {
	v, names := float64(bytes), []string{"B", "kB", "MB", "GB", "TB"}
	for v >= 1000 && len(names) > 1 {
		v, names = v/1000, names[1:]
	}
	return unit(strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64), names[0])
}

// distanceWords words a round trip between regions; empty where nothing is known of it.
func distanceWords(declared, measured float64) string {
	switch {
	case declared > 0 && measured > 0:
		return fmt.Sprintf("a round trip takes %s, declared are %s", Seconds(measured), Seconds(declared))
	case measured > 0:
		return fmt.Sprintf("a round trip takes %s", Seconds(measured))
	case declared > 0:
		return fmt.Sprintf("a round trip of %s is declared, and none was measured lately", Seconds(declared))
	}
	return ""
}

// lagWords words how far a copy is behind; a negative value is unknown.
func lagWords(bytes int64, behind float64) string {
	if bytes < 0 && behind < 0 {
		return "unknown"
	}
	words := "unknown bytes"
	if bytes >= 0 {
		words = Size(bytes)
	}
	if behind < 0 {
		return words
	}
	return words + ", " + Seconds(behind)
}

// objectWords words how far the copies of objects are behind.
func objectWords(versions int64, behind float64) string {
	if versions < 0 || behind < 0 {
		return "unknown"
	}
	return Many(int(versions), "version", "versions") + ", " + Seconds(behind)
}

// took is how long something took, up to now while it still runs.
func took(now, begun, ended time.Time) string {
	if begun.IsZero() {
		return "–"
	}
	if ended.IsZero() {
		ended = now
	}
	return Span(ended.Sub(begun))
}

// count groups the digits of a number: 18 233.
func count(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f') // narrow space that does not break
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Ratio words a share as per cent, cut and never rounded up: 99.98999 % is not 99.99 %.
func Ratio(r float64, digits int) string {
	scale := math.Pow(10, float64(digits))
	cut := math.Floor(r*100*scale+1e-6) / scale
	return unit(strconv.FormatFloat(cut, 'f', digits, 64), "%")
}

// Share words a share that may be unknown.
func Share(r *float64, digits int) string {
	if r == nil {
		return "unknown"
	}
	return Ratio(*r, digits)
}

// measure words an objective's figure in its unit.
func measure(value float64, unit string) string {
	switch unit {
	case "seconds":
		return Seconds(value)
	case "count":
		if value >= 0 && value == math.Trunc(value) {
			return count(uint64(value))
		}
	}
	return strings.TrimSpace(strconv.FormatFloat(value, 'g', 6, 64) + " " + unit)
}

// plain turns a name into words: write_gap becomes write gap.
func plain(name string) string { return strings.NewReplacer("_", " ", "-", " ").Replace(name) }

// short is the beginning of a hash, enough to compare by eye.
func short(hash string) string {
	if len(hash) <= 12 {
		return hash
	}
	return hash[:12]
}

// Many words a number of things: 1 fault, 2 faults, no faults.
func Many(n int, one, more string) string {
	switch n {
	case 0:
		return "no " + more
	case 1:
		return "1 " + one
	default:
		return fmt.Sprintf("%d %s", n, more)
	}
}

// Sentence begins with a capital letter, unless it begins with a component's id.
func Sentence(words string) string {
	first, _, _ := strings.Cut(words, " ")
	if strings.Contains(first, "/") || words == "" || words[0] < 'a' || words[0] > 'z' {
		return words
	}
	return string(words[0]-'a'+'A') + words[1:]
}
