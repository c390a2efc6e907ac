package netns

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// Teardown removes everything that was ever made with the plan's prefix, also zones that
// the plan does not name any more, and verifies that nothing is left. Processes that are
// still inside keep running without a network. It needs root.
func Teardown(ctx context.Context, p Plan) error {
	if err := validPrefix(p.Prefix); err != nil {
		return err
	}
	root, err := enter("")
	if err != nil {
		return err
	}
	defer root.leave()
	errs := []error{root.remove(p.Prefix)}
	paths, err := p.left()
	errs = append(errs, err)
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, fmt.Errorf("tear down network namespaces: %w", err))...)
		}
		errs = append(errs, strip(path), discard(path))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return p.gone(root)
}

// left returns the paths of all namespaces with the prefix.
func (p Plan) left() ([]string, error) {
	paths, err := filepath.Glob(Path(p.Prefix + "-*"))
	if err != nil {
		return nil, fmt.Errorf("list network namespaces: %w", err)
	}
	return paths, nil
}

// strip takes the interfaces out of a namespace, for it outlives its mount while a
// process is inside.
func strip(path string) error {
	if !mounted(path) {
		return nil
	}
	at, err := enter(path)
	if err != nil {
		return err
	}
	defer at.leave()
	links, err := at.h.LinkList()
	if err != nil {
		return fmt.Errorf("list interfaces of %s: %w", path, err)
	}
	var errs []error
	for _, l := range links {
		if l.Type() == "veth" {
			errs = append(errs, at.remove(l.Attrs().Name))
		}
	}
	return errors.Join(errs...)
}

func (p Plan) gone(root place) error {
	paths, err := p.left()
	if err != nil {
		return err
	}
	l, err := root.find(p.Prefix)
	if err != nil {
		return err
	}
	if l != nil || len(paths) > 0 {
		return fmt.Errorf("tear down network namespaces: interface %s or mounts %v came back: another process sets them up", p.Prefix, paths)
	}
	return nil
}
