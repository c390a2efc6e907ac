package door

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
)

// Card is what another server must know to watch our journal, and to be watched by us.
type Card = compliance.Card

// Witness is another server as our journal's witness.
type Witness struct {
	compliance.Peer
	Cosigned uint64    `json:"cosigned" doc:"entries of ours under its newest cosignature; 0: none since the start"`
	At       time.Time `json:"at,omitzero" doc:"when it cosigned"`
	Watched  uint64    `json:"watched" doc:"entries of its journal under our newest cosignature; 0: none"`
}

// Witnesses lists the witnesses of our journal, and the journals that we watch.
type Witnesses struct {
	Card        Card                    `json:"card"`
	Size        uint64                  `json:"size" doc:"entries under our newest checkpoint"`
	Peers       []Witness               `json:"peers"`
	Troubles    []compliance.Trouble    `json:"troubles" doc:"what is wrong now"`
	Accusations []compliance.Accusation `json:"accusations" doc:"evidence against other journals, newest first"`
}

// Witnessing lists the witnesses of our journal and the journals that we watch, and changes
// both.
type Witnessing interface {
	Witnesses(ctx context.Context) (Witnesses, error)
	// AddWitness asks another server's witness from now on; one of the same name is replaced.
	AddWitness(ctx context.Context, p compliance.Peer, reason string) error
	// RemoveWitness asks it no longer; ErrNotFound when there is none of the name.
	RemoveWitness(ctx context.Context, name, reason string) error
}

func mountWitnesses(x huma.API, s Witnessing) {
	huma.Get(x, "/v1/witnesses", func(ctx context.Context, _ *struct{}) (*api.Out[Witnesses], error) {
		return api.Answer(s.Witnesses(ctx))
	})
	huma.Put(x, "/v1/witnesses/{name}", func(ctx context.Context, in *struct {
		Name string `path:"name"`
		Body struct {
			URL     string     `json:"url"`
			Log     string     `json:"log"`
			Witness string     `json:"witness"`
			Reason  api.Reason `json:"reason" minLength:"1" maxLength:"1024"`
		}
	}) (*struct{}, error) {
		p := compliance.Peer{Name: in.Name, URL: in.Body.URL, Log: in.Body.Log, Witness: in.Body.Witness}
		if err := p.Validate(); err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		return api.AnswerNothing(s.AddWitness(ctx, p, string(in.Body.Reason)))
	})
	huma.Delete(x, "/v1/witnesses/{name}", func(ctx context.Context, in *struct {
		Name   string     `path:"name"`
		Reason api.Reason `query:"reason" required:"true" minLength:"1" maxLength:"1024"`
	}) (*struct{}, error) {
		return api.AnswerNothing(s.RemoveWitness(ctx, in.Name, string(in.Reason)))
	})
}
