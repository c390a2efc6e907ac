package feed

// What a feed is asked by, as an object of the bucket that nobody can put: GET answers with a
// [Page] from the reader's own position or from after another one, PUT takes a [Confirmation], and GET
// of one key's history answers with its versions, without looking at any other key.
const (
	Object    = "fournines-changes"
	AfterPath = Object + "/after/" // + number
	KeyPath   = Object + "/key/"   // + key
)

// MaxBytes bounds an answer's and a confirmation's body.
const MaxBytes = 16 << 20

// pageChanges bounds the changes of one page.
const pageChanges = 4096

// Page is what a feed says at one moment.
type Page struct {
	ID      string   `json:"id"`    // of the feed; empty: nobody has begun one
	First   uint64   `json:"first"` // oldest change that is still kept, or would be
	Next    uint64   `json:"next"`  // number of the next change
	Safe    uint64   `json:"safe"`  // every change up to here has ended, with or without effect
	Slot    Slot     `json:"slot"`
	Changes []Change `json:"changes"`
}

// Slot is what the reader has made durable: it has dealt with everything up to Position.
type Slot struct {
	Position uint64 `json:"position"`
	Token    []byte `json:"token,omitempty"` // of the reader's own
}

// Confirmation moves the slot of the feed with this ID; an empty ID begins a feed where there is none.
type Confirmation struct {
	ID string `json:"id"`
	Slot
}

// Version is one version of a key, as the store's directory has it.
type Version struct {
	ID       string `json:"id"`
	Modified int64  `json:"modified"` // milliseconds since 1970
	Size     int64  `json:"size"`     // bytes
	ETag     string `json:"etag,omitempty"`
	Latest   bool   `json:"latest,omitempty"`
	Marker   bool   `json:"marker,omitempty"`
}
