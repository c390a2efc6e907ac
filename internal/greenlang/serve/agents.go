package serve

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/greenlang/store"
)

type agentOutput struct {
	Status int
	Body   greenlang.Agent
}

// AgentVersion is the path of one version of an agent.
type AgentVersion struct {
	Name    string `path:"name" pattern:"^[a-z][a-z0-9-]{1,62}$"`
	Version string `path:"version" maxLength:"128"`
}

func (v AgentVersion) key() string { return keyPrefix("agent") + v.Name + " " + v.Version }

func (a *api) registerAgents(h huma.API) {
	huma.Register(h, op("create-agent", http.MethodPost, "/v1/agents", "Register a version of an agent as a draft; name and version are the key", http.StatusCreated), a.createAgent)
	huma.Register(h, op("list-agents", http.MethodGet, "/v1/agents", "List agents by name and version", http.StatusOK), a.listAgents)
	huma.Register(h, op("get-agent", http.MethodGet, "/v1/agents/{name}", "List the versions of an agent, latest first, at most 100", http.StatusOK), a.getAgent)
	huma.Register(h, op("get-agent-version", http.MethodGet, "/v1/agents/{name}/versions/{version}", "Get a version of an agent", http.StatusOK), a.getVersion)
	huma.Register(h, op("move-agent", http.MethodPost, "/v1/agents/{name}/versions/{version}/transitions", "Move a version along its lifecycle; being there already is success", http.StatusOK), a.moveAgent)
}

func (a *api) createAgent(ctx context.Context, in *struct{ Body greenlang.NewAgent }) (*agentOutput, error) {
	agent, err := in.Body.Agent(time.Time{}) // PostgreSQL's clock will tell
	if err != nil {
		return nil, invalid(err)
	}
	agent, created, err := a.store.CreateAgent(ctx, agent)
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	if created {
		a.cache.Forget(ctx, AgentVersion{agent.Name, agent.Version}.key())
	}
	if err := a.auditAgent(ctx, agent, created); err != nil {
		return nil, err
	}
	return &agentOutput{Status: madeStatus(created), Body: agent}, nil
}

func (a *api) getAgent(ctx context.Context, in *struct {
	Name string `path:"name" pattern:"^[a-z][a-z0-9-]{1,62}$"`
}) (*pageOutput[greenlang.Agent], error) {
	versions, err := a.store.Versions(ctx, in.Name)
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	return &pageOutput[greenlang.Agent]{Body: page[greenlang.Agent]{Items: versions}}, nil
}

func (a *api) getVersion(ctx context.Context, in *AgentVersion) (*agentOutput, error) {
	if _, err := greenlang.ParseVersion(in.Version); err != nil {
		return nil, invalid(err)
	}
	agent, err := cached(ctx, a, "agent", in.key(), func() (greenlang.Agent, error) { return a.store.Agent(ctx, in.Name, in.Version) })
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	return &agentOutput{Status: http.StatusOK, Body: agent}, nil
}

type agentList struct {
	Paging
	Lifecycle greenlang.Lifecycle `query:"lifecycle" enum:"draft,experimental,certified,deprecated"`
	Owner     string              `query:"owner" maxLength:"63"`
}

func (a *api) listAgents(ctx context.Context, in *agentList) (*pageOutput[greenlang.Agent], error) {
	f := store.AgentFilter{Lifecycle: in.Lifecycle, Owner: in.Owner}
	fetch := func(ctx context.Context, after []string, limit int) ([]greenlang.Agent, error) {
		return a.store.Agents(ctx, f, after[0], after[1], limit)
	}
	scope := []string{"agents", string(in.Lifecycle), in.Owner}
	return list(ctx, a, in.Paging, scope, 2, fetch, func(g greenlang.Agent) []string { return []string{g.Name, g.Version} })
}

type transition struct {
	AgentVersion
	Body struct {
		To greenlang.Lifecycle `json:"to" enum:"draft,experimental,certified,deprecated"`
	}
}

func (a *api) moveAgent(ctx context.Context, in *transition) (*agentOutput, error) {
	agent, err := a.store.MoveAgent(ctx, in.Name, in.Version, in.Body.To)
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	a.cache.Forget(ctx, in.key())
	if err := a.auditMove(ctx, agent); err != nil {
		return nil, err
	}
	return &agentOutput{Status: http.StatusOK, Body: agent}, nil
}
