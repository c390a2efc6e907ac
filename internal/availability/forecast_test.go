package availability

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
)

// fills returns looks at a disk every 10 s of so long a time, which loses so much in each.
func fills(free, lost int64, lasted time.Duration) (out []DiskLook) {
	for n := time.Duration(0); n <= lasted; n += 10 * time.Second {
		out = append(out, DiskLook{At: zero.Add(n), Free: free})
		free -= lost
	}
	return out
}

func TestDisksAreForecast(t *testing.T) {
	t.Parallel()
	const gib = 1 << 30
	for name, c := range map[string]struct {
		looks []DiskLook
		left  time.Duration
	}{
		"nothing is known":                  {nil, 0},
		"one look":                          {fills(gib, 0, 0), 0},
		"it does not fill":                  {fills(gib, 0, time.Hour), 0},
		"it empties":                        {fills(gib, -1<<20, time.Hour), 0},
		"it fills within minutes":           {fills(gib, 1<<24, 2*time.Minute), 520 * time.Second},
		"too short a time":                  {fills(gib, 1<<24, 50*time.Second), 0},
		"within an hour, for a few minutes": {fills(gib, 1<<21, 10*time.Minute), 0},
		"within an hour, for half an hour":  {fills(gib, 1<<21, 30*time.Minute), 3320 * time.Second},
		"within two days":                   {fills(gib, 1<<16, time.Hour), 0},
		"a burst that is over":              {append(fills(gib, 1<<24, 2*time.Minute)[:12], fills(gib/2, 0, 5*time.Minute)[12:]...), 0},
	} {
		now := zero
		if n := len(c.looks); n > 0 {
			now = c.looks[n-1].At
		}
		if got := DiskLeft(c.looks, now); got != c.left {
			t.Errorf("%s: %v, want %v", name, got, c.left)
		}
	}
}

func TestDiskFindings(t *testing.T) {
	t.Parallel()
	const gib = 1 << 30
	disk := func(size, free int64) fact.Disk { return fact.Disk{ID: "1", Size: size, Free: free, At: zero} }
	for name, c := range map[string]struct {
		use            DiskUse
		severity, says string
	}{
		"enough":                   {DiskUse{Disk: disk(100*gib, 20*gib)}, "", ""},
		"a tenth of a small disk":  {DiskUse{Disk: disk(gib, gib/11)}, evidence.Warning, "is nearly full"},
		"a tenth of a large disk":  {DiskUse{Disk: disk(1000*gib, 90*gib)}, "", ""},
		"full":                     {DiskUse{Disk: disk(gib, gib/100)}, evidence.Critical, "is full"},
		"no file more":             {DiskUse{Disk: fact.Disk{ID: "1", Size: gib, Free: gib / 2, Files: 10_000, FilesFree: 3, At: zero}}, evidence.Critical, "is full"},
		"soon":                     {DiskUse{Disk: disk(100*gib, 20*gib), Left: 3 * time.Hour}, evidence.Warning, "is full in 3h0m0s"},
		"very soon":                {DiskUse{Disk: disk(100*gib, 20*gib), Left: 10 * time.Minute}, evidence.Critical, "is full in 10m0s"},
		"full, and then silent":    {DiskUse{Disk: fact.Disk{ID: "1", Size: gib, At: zero.Add(-time.Minute)}}, evidence.Critical, "is full"},
		"it had room, and silence": {DiskUse{Disk: fact.Disk{ID: "1", Size: gib, Free: gib / 2, At: zero.Add(-time.Minute)}, Left: time.Minute}, "", ""},
		"it hangs":                 {DiskUse{Disk: fact.Disk{ID: "1", Size: gib, Free: gib / 2, At: zero.Add(-time.Minute)}, Heard: zero}, evidence.Warning, "does not answer"},
		"nobody has ever looked":   {DiskUse{Heard: zero}, "", ""},
	} {
		c.use.Users = []string{"us-east-1/a/postgres", "us-east-1/b/redis"}
		f, told := DiskFinding(c.use, zero, zero)
		if told != (c.severity != "") || told && (f.Severity != c.severity || !strings.HasSuffix(f.Title, c.says) || !strings.Contains(f.Text, "us-east-1/b/redis")) {
			t.Errorf("%s: %v %+v", name, told, f)
		}
	}
}
