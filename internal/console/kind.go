package console

// faultKind is what the console knows about one kind of fault, to explain it
// before it is injected. The wing that injects has the last word: it may refuse.
type faultKind struct {
	Name   string
	Does   string   // one sentence, with the target left out
	Zone   bool     // the target is REGION/ZONE, else a component
	Engine []string // kinds of component it can hit; empty is any
	Drill  string   // the drill that measures what this fault does
	Kills  bool     // the process is gone, where the others only hold it up
}

// faultKinds are the kinds of api.Fault in the order of their reach.
func faultKinds() []faultKind {
	return []faultKind{
		{Name: "process-kill", Does: "Kills one process with SIGKILL. Whatever supervises it may start it again at once.", Drill: "primary-loss", Kills: true},
		{Name: "process-freeze", Does: "Stops one process with SIGSTOP: it keeps its sockets and answers nothing."},
		{Name: "postmaster-hang", Does: "Stops only PostgreSQL's postmaster: open sessions go on, new connections hang.", Engine: []string{"postgres"}, Drill: "primary-hang"},
		{Name: "zone-kill", Does: "Kills every process of a zone and keeps it down.", Zone: true, Drill: "zone-loss", Kills: true},
		{Name: "zone-freeze", Does: "Stops every process of a zone with SIGSTOP.", Zone: true},
		{Name: "zone-partition", Does: "Cuts a zone's network from all others. Needs a platform started with --netns.", Zone: true},
		{Name: "zone-partition-out", Does: "Drops what a zone sends and lets through what it is sent. Needs a platform started with --netns.", Zone: true},
		{Name: "zone-latency", Does: "Adds 500 ms to every round trip between a zone and the others. Needs a platform started with --netns.", Zone: true},
		{Name: "zone-loss5", Does: "Loses 5 % of a zone's packets, each way. Needs a platform started with --netns.", Zone: true},
	}
}

// kindNamed finds a kind of fault.
func kindNamed(name string) (faultKind, bool) {
	for _, k := range faultKinds() {
		if k.Name == name {
			return k, true
		}
	}
	return faultKind{}, false
}
