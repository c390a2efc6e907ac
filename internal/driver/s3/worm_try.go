package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// try is one way to break the canary's lock.
type try struct {
	name, meaning string
	do            func(context.Context) error
	check         func(context.Context) (broken string, err error) // what else must hold, besides the canary
	undo          func(context.Context) error
	dangerous     bool // it could take more than the canary
}

func (p *probe) tries() []try {
	const sooner = 30 * time.Second
	v, until := p.canary.Version, p.canary.RetainUntil
	shorten := func(bypass bool) func(context.Context) error {
		return func(ctx context.Context) error {
			return p.putRetention(ctx, canaryKey, v, types.ObjectLockRetentionModeCompliance, until.Add(-sooner), bypass)
		}
	}
	remove := func(bypass bool) func(context.Context) error {
		return func(ctx context.Context) error { _, err := p.remove(ctx, canaryKey, v, bypass); return err }
	}
	return []try{
		{name: "delete", meaning: "delete the locked version", do: remove(false)},
		{name: "delete-bypass", meaning: "delete it with the right to bypass GOVERNANCE", do: remove(true)},
		{name: "delete-many", meaning: "delete it with DeleteObjects", do: func(ctx context.Context) error { return p.removeMany(ctx, canaryKey, v) }},
		{name: "shorten", meaning: "let the lock end sooner", do: shorten(false)},
		{name: "shorten-bypass", meaning: "let the lock end sooner, with the right to bypass GOVERNANCE", do: shorten(true)},
		{name: "weaken", meaning: "change the lock's mode to GOVERNANCE", do: func(ctx context.Context) error {
			return p.putRetention(ctx, canaryKey, v, types.ObjectLockRetentionModeGovernance, until, true)
		}},
		{name: "overwrite", meaning: "put another object under its key, then delete the old version", do: p.overwrite},
		p.plainDelete(),
		p.suspend(),
		{name: "remove-rule", meaning: "remove the bucket's default rule, then delete the version", undo: p.restore, do: func(ctx context.Context) error {
			if err := p.setLockRule(ctx, nil); err != nil {
				return err
			}
			return remove(true)(ctx)
		}},
		p.unlock(remove(true)),
		{name: "delete-bucket", meaning: "delete the bucket", dangerous: true, do: func(ctx context.Context) error {
			_, err := p.client.DeleteBucket(ctx, &awss3.DeleteBucketInput{Bucket: &p.bucket})
			return err
		}},
	}
}

func (p *probe) overwrite(ctx context.Context) error {
	// Locked as well, so that a long default rule of the bucket does not keep it.
	if _, err := p.Put(ctx, canaryKey, bytes.NewReader([]byte("other")), PutOptions{RetainUntil: p.now().Add(canaryLock)}); err != nil {
		return err
	}
	_, err := p.remove(ctx, canaryKey, p.canary.Version, true)
	return err
}

// plainDelete may only hide the object behind a delete marker.
func (p *probe) plainDelete() try {
	marker := ""
	return try{
		name: "plain-delete", meaning: "delete the object without naming a version: only a delete marker may appear",
		do: func(ctx context.Context) (err error) {
			marker, err = p.remove(ctx, canaryKey, "", false)
			return err
		},
		undo: func(ctx context.Context) error {
			if marker == "" {
				return nil
			}
			_, err := p.remove(ctx, canaryKey, marker, true)
			return p.fail("remove the delete marker of", canaryKey, marker, err)
		},
	}
}

func (p *probe) suspend() try {
	return try{
		name: "suspend-versioning", meaning: "suspend versioning, so that a put replaces what is there",
		do: func(ctx context.Context) error { return p.setVersioning(ctx, types.BucketVersioningStatusSuspended) },
		check: func(ctx context.Context) (string, error) {
			on, err := p.versioned(ctx)
			if err != nil {
				return "", p.fail("read versioning of", "", "", err)
			}
			if on {
				return "", nil
			}
			return "versioning is suspended", nil
		},
		undo: p.restore,
	}
}

func (p *probe) unlock(remove func(context.Context) error) try {
	return try{
		name: "disable-lock", meaning: "turn the bucket's object lock off, then delete the version",
		do: func(ctx context.Context) error {
			_, err := p.client.PutObjectLockConfiguration(ctx, &awss3.PutObjectLockConfigurationInput{
				Bucket: &p.bucket, ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ObjectLockConfiguration: &types.ObjectLockConfiguration{ObjectLockEnabled: "Disabled"},
			})
			if err != nil {
				return err
			}
			return remove(ctx)
		},
		check: func(ctx context.Context) (string, error) {
			on, _, err := p.lockRule(ctx)
			if err != nil {
				return "", p.fail("read the lock rule of", "", "", err)
			}
			if on {
				return "", nil
			}
			return "object lock is off", nil
		},
		undo: p.restore,
	}
}

// tryLong tries the same on an object with a long lock, which outlives many probes.
func (p *probe) tryLong(ctx context.Context) error {
	body := []byte("a canary with a long lock")
	i, err := p.look(ctx, longKey, "")
	if err != nil && !errors.Is(kindOf(err), ErrNotFound) {
		return p.fail("look at", longKey, "", err)
	}
	made := i.RetainUntil
	if err != nil || i.Mode != Compliance || i.RetainUntil.Before(p.now().Add(longAtLeast)) {
		stored, err := p.Put(ctx, longKey, bytes.NewReader(body), PutOptions{RetainUntil: p.now().Add(longLock)})
		if err != nil {
			return err
		}
		i, made = stored.Info, stored.RetainUntil
	}
	_, deleted := p.remove(ctx, longKey, i.Version, true)
	shortened := p.putRetention(ctx, longKey, i.Version, types.ObjectLockRetentionModeCompliance, p.now().Add(canaryLock), true)
	broken, err := p.intact(ctx, longKey, i, body)
	if err != nil {
		return err
	}
	a := Attempt{Name: "long-lock", Meaning: "delete and shorten an object that is locked until " + made.Format(time.DateOnly), Held: broken == "",
		Detail: fmt.Sprintf("delete: %s; shorten: %s", said(deleted), said(shortened))}
	if broken != "" {
		a.Detail += "; " + broken
	}
	p.report.Holds = p.report.Holds && a.Held
	p.report.Attempts = append(p.report.Attempts, a)
	return nil
}
