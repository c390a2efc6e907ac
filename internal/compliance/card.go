package compliance

// WitnessPath is where a server answers other servers' feeders, and tells its [Card].
const WitnessPath = "/witness"

// WitnessName is the name under which a server cosigns: of the journal's origin, and of its
// region, but for the first server.
func WitnessName(origin string, seat int, region string) string {
	name := origin + "/witness"
	if seat > 0 {
		name += "/" + region
	}
	return name
}

// Card is what another server must know to watch our journal, and to be watched by us.
type Card struct {
	Log     string `json:"log" doc:"verifier key of the journal"`
	Witness string `json:"witness" doc:"verifier key of the witness"`
}
