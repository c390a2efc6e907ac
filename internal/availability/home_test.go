package availability

import (
	"fmt"
	"testing"

	"github.com/greenlang/fournines/internal/spec"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"us-east-1", "eu-west-1", "ap-southeast-1", "us-west-2", "eu-central-1", "ap-northeast-1"}
	whole := Place(p, all, nil, nil)
	if got := fmt.Sprint(whole.CellsAt(east), whole.CellsAt("eu-west-1"), whole.CellsAt(west)); got != "[0 3 6 9] [1 4 7 10] []" {
		t.Errorf("six regions: %s", got)
	}
	moved := Place(p, all, []Home{{Region: east, Serving: west}}, []RegionWish{{Region: east, Fenced: "e"}, {Region: "eu-west-1", Off: true}})
	if got := fmt.Sprint(moved.CellsAt(west), moved.Serves(east), moved.Open(west), moved.Open("eu-west-1"), moved.Runs(east), moved.Regions()); got !=
		"[0 3 6 9] false true false false [ap-southeast-1 eu-west-1 us-west-2]" {
		t.Errorf("moved: %s", got)
	}
	pair := Place(p, []string{east, west}, nil, nil)
	if got := pair.CellsAt(east); len(got) != 12 {
		t.Errorf("a pair alone serves cells %v", got)
	}
	if warm := Place(p, []string{east, west}, nil, []RegionWish{{Region: west, Scaled: true}}); !warm.Runs(west) || warm.Serves(west) {
		t.Errorf("%+v", warm)
	}
}
