package cost

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Amount is a number that is not negative, of money or of anything else.
type Amount float64

// maxAmount bounds an amount, so that no sum overflows.
const maxAmount = 1e12

var amountForm = regexp.MustCompile(`^[0-9]{1,13}(\.[0-9]{1,12})?$`)

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Amount) UnmarshalText(b []byte) error {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || f > maxAmount || !amountForm.Match(b) {
		return fmt.Errorf("%q is not an amount; write a number such as 0.0225, without sign, thousands or exponent", b)
	}
	*a = Amount(f)
	return nil
}

// cents rounds to a hundredth of the currency.
func cents(f float64) float64 { return math.Round(f*100) / 100 }

// number prints f with thousands set apart and at most that many decimals.
func number(f float64, decimals int) string {
	s := strconv.FormatFloat(f, 'f', decimals, 64)
	whole, rest, _ := strings.Cut(s, ".")
	rest = strings.TrimRight(rest, "0")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		return sign + whole + "." + rest
	}
	return sign + whole
}

// Money prints an amount of the currency with its cents.
func Money(f float64, currency string) string {
	s := number(math.Abs(f), 0)
	if f != math.Trunc(f) {
		whole, part := math.Modf(math.Abs(cents(f)))
		s = fmt.Sprintf("%s.%02d", number(whole, 0), int(math.Round(part*100)))
	}
	if f < 0 {
		s = "-" + s
	}
	return s + " " + currency
}
