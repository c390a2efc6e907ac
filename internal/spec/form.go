package spec

// Form is a kind of document, in the words of its errors. Every form is read strictly:
// unknown and missing fields, and values out of bounds, are errors with line, caret and hint.
type Form struct {
	Kind  string // of the document's head, for example PriceTable
	Thing string // what it describes, for example "a platform"
	File  string // what the file is called, for example "platform file"
	Shown string // where every field of it can be seen
	Size  string // how large one usually is
}

var platformForm = Form{
	Kind: Kind, Thing: "a platform", File: "platform file",
	Shown: "GreenLang's own platform file shows every field", Size: "a platform of six regions takes 3 KiB",
}

// Read fills the struct that into points to, whose yaml and jsonschema tags say what is
// allowed; name appears in errors, and check, which may be nil, judges what spans fields
// once they are filled. An unusable document is an [Errors].
func (f Form) Read(name string, b []byte, into any, check func() []Problem) error {
	_, err := newSource(f, name, b).fill(into, check)
	return err
}

// fill decodes and judges; the decoder it returns knows where each value stands.
func (s source) fill(into any, check func() []Problem) (*decoder, error) {
	root, bad := s.parse()
	if bad != nil {
		return nil, Errors{*bad}
	}
	d := &decoder{src: s, at: positions{}, keys: positions{}}
	if wrong := d.head(root); len(wrong) > 0 {
		return nil, wrong
	}
	d.document(root, into)
	if check != nil {
		for _, x := range check() {
			d.reject(x)
		}
	}
	if len(d.errs) > 0 {
		return nil, d.all()
	}
	return d, nil
}
