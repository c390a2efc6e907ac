package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
)

// canaryCell reads which cell a prober asks for.
func canaryCell(w http.ResponseWriter, r *http.Request) (int, bool) {
	cell, err := strconv.Atoi(r.Header.Get("X-Cell"))
	if err != nil || cell < 0 || cell >= greenlang.Cells {
		writeProblem(w, problemOf(http.StatusUnprocessableEntity, "invalid", "read X-Cell: write the cell that is asked for, 0 to "+strconv.Itoa(greenlang.Cells-1)))
		return 0, false
	}
	return cell, true
}

// canaryRead reads a cell's canary from the database: what a prober does that stands
// outside, and no customer's request. Redis is not asked, because customers are served
// without it.
func (s *Server) canaryRead(w http.ResponseWriter, r *http.Request) {
	cell, ok := canaryCell(w, r)
	if !ok {
		return
	}
	at, err := s.store.Canary(r.Context(), cell)
	s.canaryAnswer(w, at, err)
}

// canaryWrite commits a cell's canary: one row for each cell, which is overwritten.
func (s *Server) canaryWrite(w http.ResponseWriter, r *http.Request) {
	cell, ok := canaryCell(w, r)
	if !ok {
		return
	}
	at, err := s.store.WriteCanary(r.Context(), cell)
	s.canaryAnswer(w, at, err)
}

func (s *Server) canaryAnswer(w http.ResponseWriter, at time.Time, err error) {
	if err != nil {
		writeProblem(w, problemOf(http.StatusServiceUnavailable, "unavailable", err.Error()))
		return
	}
	writeJSON(w, http.StatusOK, map[string]time.Time{"written_at": at})
}
