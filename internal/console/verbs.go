package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// maxForm is the most bytes a form may have.
const maxForm = 64 << 10

// verbs mounts what changes something. Each answers with a redirect to where its
// progress can be watched, or with the page it came from and what went wrong.
func (c *console) verbs(mux *http.ServeMux) {
	mux.HandleFunc("POST /verbs/drill", c.form(c.runDrill))
	mux.HandleFunc("POST /verbs/fault", c.form(c.injectFault))
	mux.HandleFunc("POST /verbs/clear-fault", c.form(c.clearFault))
	mux.HandleFunc("POST /verbs/switchover", c.form(c.switchover))
	mux.HandleFunc("POST /verbs/evacuate", c.form(c.moveHome))
	mux.HandleFunc("POST /verbs/restore", c.form(c.moveHome))
	mux.HandleFunc("POST /verbs/route", c.form(c.setRoute))
	mux.HandleFunc("POST /verbs/approve", c.form(c.decide))
	mux.HandleFunc("POST /verbs/deny", c.form(c.decide))
	mux.HandleFunc("POST /verbs/unseal", c.form(c.unseal))
	mux.HandleFunc("POST /journal/verify", c.form(c.verify))
}

// form reads a form of bounded size before its verb.
func (c *console) form(verb http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			c.problem(w, r, badRequest("the form cannot be read: "+err.Error(), "Go back and send it again."))
			return
		}
		verb(w, r)
	}
}

// done leads the browser to where the outcome is recorded.
func done(w http.ResponseWriter, r *http.Request, where string) {
	http.Redirect(w, r, where, http.StatusSeeOther) //nolint:gosec // a path of this console
}

func (c *console) runDrill(w http.ResponseWriter, r *http.Request) {
	name, reason := r.PostForm.Get("name"), strings.TrimSpace(r.PostForm.Get("reason"))
	err := checkReason(reason)
	id := ""
	if err == nil {
		id, err = c.actions.RunDrill(r.Context(), name, reason)
	}
	if err != nil {
		c.show(w, r, c.screens["drills"], "", nil, troubleOf(err))
		return
	}
	done(w, r, "/drills/"+segments(id))
}

func (c *console) injectFault(w http.ResponseWriter, r *http.Request) {
	region := targetRegion(r.PostForm.Get("target"))
	found, err := c.source.Region(r.Context(), region)
	if err != nil {
		c.problem(w, r, troubleOf(err))
		return
	}
	asked, err := readFault(found, r.PostForm.Get)
	if err == nil {
		_, err = c.actions.InjectFault(r.Context(), asked.Kind.Name, asked.Target, asked.Duration(), asked.Reason)
	}
	if err != nil {
		c.show(w, r, c.screens["fault"], region, r.PostForm, troubleOf(err))
		return
	}
	done(w, r, "/regions/"+segments(region)+"#region-faults")
}

func (c *console) clearFault(w http.ResponseWriter, r *http.Request) {
	if err := c.actions.ClearFault(r.Context(), r.PostForm.Get("id")); err != nil {
		c.show(w, r, c.screens["overview"], "", nil, troubleOf(err))
		return
	}
	region := targetRegion(r.PostForm.Get("target"))
	done(w, r, "/regions/"+segments(region)+"#region-faults")
}

func (c *console) switchover(w http.ResponseWriter, r *http.Request) {
	cluster, reason := r.PostForm.Get("cluster"), strings.TrimSpace(r.PostForm.Get("reason"))
	err := checkReason(reason)
	id := ""
	if err == nil {
		id, err = c.actions.Switchover(r.Context(), cluster, r.PostForm.Get("candidate"), reason)
	}
	if err != nil {
		region := api.FaultRegions(cluster)[0]
		c.show(w, r, c.screens["switchover"], region, r.PostForm, troubleOf(err))
		return
	}
	done(w, r, "/operations/"+segments(id))
}

// moveHome evacuates or restores, by the address it was sent to. The name is typed again,
// so that a form that lies open cannot move another region than was meant.
func (c *console) moveHome(w http.ResponseWriter, r *http.Request) {
	f := r.PostForm
	q := api.MoveRequest{
		Region: f.Get("region"), Mode: f.Get("mode"), Practice: f.Get("practice") == "on", AcceptLoss: f.Get("loss") == "on",
		Approve: true, Reason: strings.TrimSpace(f.Get("reason")),
	}
	begin := c.actions.Evacuate
	if strings.HasSuffix(r.URL.Path, "/restore") {
		begin = c.actions.Restore
	}
	err := checkReason(q.Reason)
	if err == nil && strings.TrimSpace(f.Get("typed")) != q.Region {
		err = badRequest("the region's name is not typed", "Type "+q.Region+", so that it cannot be another one by mistake.")
	}
	id := ""
	if err == nil {
		id, err = begin(r.Context(), q)
	}
	if err != nil {
		c.show(w, r, c.screens["move"], q.Region, f, troubleOf(err))
		return
	}
	done(w, r, "/operations/"+segments(id))
}

func (c *console) setRoute(w http.ResponseWriter, r *http.Request) {
	region, reason := r.PostForm.Get("region"), strings.TrimSpace(r.PostForm.Get("reason"))
	err := checkReason(reason)
	if err == nil {
		err = c.actions.Route(r.Context(), region, r.PostForm.Get("to") == "on", reason)
	}
	if err != nil {
		c.show(w, r, c.screens["route"], region, r.PostForm, troubleOf(err))
		return
	}
	done(w, r, "/routing")
}

// decide approves or denies, by the address it was sent to.
func (c *console) decide(w http.ResponseWriter, r *http.Request) {
	id, reason := r.PostForm.Get("id"), strings.TrimSpace(r.PostForm.Get("reason"))
	decision := c.actions.Approve
	if strings.HasSuffix(r.URL.Path, "/deny") {
		decision = c.actions.Deny
	}
	err := checkReason(reason)
	if err == nil {
		err = decision(r.Context(), id, reason)
	}
	if err != nil {
		c.show(w, r, c.screens["operation"], id, nil, troubleOf(err))
		return
	}
	done(w, r, "/operations/"+segments(id))
}

// verify checks the journal and shows the proof: alone to a page that is open,
// else above the journal's newest entries.
func (c *console) verify(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a long journal takes long; the source keeps the bound
	proof, err := c.source.Verify(r.Context())
	if err != nil {
		c.problem(w, r, troubleOf(err))
		return
	}
	s := c.screens["journal"]
	v, err := c.view(r.Context(), s, "", url.Values{})
	if err != nil {
		c.problem(w, r, troubleOf(err))
		return
	}
	v.Data = proven(v.Data, proof)
	root := "layout"
	if r.Header.Get("HX-Request") == "true" {
		root = "journal-proof"
	}
	c.write(w, r, s.tmpl, root, http.StatusOK, v)
}

func proven(data any, proof api.Verification) any {
	s, ok := data.(journalSheet)
	if !ok {
		return data
	}
	s.Proof = &proof
	return s
}
