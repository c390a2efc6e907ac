package consoletest

import (
	"context"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/api"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
)

func fixtureProbe() *compliancedoor.ArchiveProbe {
	p := &compliancedoor.ArchiveProbe{At: before(3 * time.Hour), Holds: true}
	p.Attempts = []compliancedoor.ArchiveAttempt{
		{Name: "delete", Meaning: "delete the locked version", Held: true, Detail: "refused: ObjectLocked: the object is locked"},
		{Name: "shorten-bypass", Meaning: "let the lock end sooner, with the right to bypass GOVERNANCE", Held: true, Detail: "refused: AccessDenied: Access Denied."},
		{Name: "default-stamped", Meaning: "put without a lock under a default rule of a day: the object must get a lock of its own", DefaultRule: true, Detail: "the object has no lock of its own"},
	}
	return p
}

func (f *Fixture) Archive(context.Context) (compliancedoor.Archive, error) {
	return compliancedoor.Archive{
		Endpoint: "https://127.1.0.3:9000", Bucket: "journal", Embedded: true, Retention: 2557 * 86_400, Within: 600,
		Archived: 250, Waiting: 10, Oldest: before(4 * time.Minute), Parts: 2, Objects: 14, Bytes: 180_211,
		LastAt: before(6 * time.Minute), LastIn: 251, Last: &fixtureParts()[0].ArchivedPart, Probe: fixtureProbe(), ProbeIn: 201,
	}, nil
}

func fixtureParts() []compliancedoor.PartEntry {
	var out []compliancedoor.PartEntry
	for i, r := range [][2]uint64{{200, 250}, {0, 200}} {
		p := compliancedoor.PartEntry{At: before(time.Duration(6+60*i) * time.Minute), Index: r[1] + 1}
		p.First, p.Next, p.Tiles, p.TileBytes, p.RetainUntil = r[0], r[1], 3, 60_000, Noon().AddDate(7, 0, 0)
		p.Part.Key = fmt.Sprintf("part/%020d-%020d.parquet", r[0], r[1])
		p.Part.Size, p.Part.Version, p.Part.SHA256 = 30_000, fmt.Sprint("01M85TMVXKJB", i), "a12f30446f5f54a7fa4e4d00666adb81"
		out = append(out, p)
	}
	return out
}

func (f *Fixture) ArchiveParts(context.Context, uint64, int) (api.Page[compliancedoor.PartEntry], error) {
	return api.Page[compliancedoor.PartEntry]{Items: fixtureParts(), Next: "101"}, nil
}

func (f *Fixture) ProbeArchive(context.Context) (compliancedoor.ArchiveProbe, uint64, error) {
	return *fixtureProbe(), 201, nil
}
