package journal

// WithFault lets single operations on the disk fail: fault is asked with "create",
// "write", "sync" or "rename" and the path before each.
func (o Options) WithFault(fault func(op, path string) error) Options {
	o.disk = disk{fault: fault}
	return o
}
