package runbook

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Bounds of an expression, so that one in a file cannot hold a server up.
const (
	maxExpr     = 1024  // bytes
	maxDepth    = 32    // parentheses and lists inside each other
	maxExprCost = 20000 // of an evaluation, in CEL's units
	exprWithin  = time.Second
)

// expression is a CEL expression (https://cel.dev) over inputs, steps and practice.
type expression struct {
	ast     *cel.Ast
	program cel.Program
	inputs  []string // that it refers to
	steps   []string // that it refers to
	guarded []string // steps that it asks for with has()
}

// language is what expressions may say.
func language() (*cel.Env, error) {
	names := cel.MapType(cel.StringType, cel.DynType)
	return cel.NewEnv(
		cel.Variable("inputs", names), cel.Variable("steps", names), cel.Variable("practice", cel.BoolType),
		cel.CrossTypeNumericComparisons(true), cel.ParserRecursionLimit(maxDepth), cel.ParserExpressionSizeLimit(maxExpr),
	)
}

// compile reads an expression; truth says that it must be true or false.
func compile(text string, truth bool) (*expression, error) {
	if len(text) > maxExpr {
		return nil, fmt.Errorf("the expression has %d bytes, the most is %d", len(text), maxExpr)
	}
	env, err := language()
	if err != nil {
		return nil, err
	}
	tree, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("%s is no expression: %s", quoted(text), first(issues))
	}
	if out := tree.OutputType(); truth && out != cel.BoolType && out != cel.DynType {
		return nil, fmt.Errorf("%s is a %s, and should be true or false", quoted(text), out)
	}
	p, err := env.Program(tree, cel.CostLimit(maxExprCost), cel.InterruptCheckFrequency(100))
	if err != nil {
		return nil, fmt.Errorf("%s is no expression: %w", quoted(text), err)
	}
	x := &expression{ast: tree, program: p}
	x.collect()
	return x, nil
}

func quoted(s string) string { return "`" + s + "`" }

// first returns what is wrong first, in one line.
func first(issues *cel.Issues) string {
	for _, e := range issues.Errors() {
		line, _, _ := strings.Cut(e.Message, "\n")
		line, _, _ = strings.Cut(line, " expecting {") // every token that there is
		return line
	}
	return "it cannot be read"
}

// collect notes what the expression refers to.
func (x *expression) collect() {
	ast.PreOrderVisit(x.ast.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		of, name, asked := "", "", false
		switch e.Kind() {
		case ast.SelectKind:
			s := e.AsSelect()
			if s.Operand().Kind() == ast.IdentKind {
				of, name, asked = s.Operand().AsIdent(), s.FieldName(), s.IsTestOnly()
			}
		case ast.CallKind: // steps["look"]
			c := e.AsCall()
			if c.FunctionName() != "_[_]" || len(c.Args()) != 2 || c.Args()[0].Kind() != ast.IdentKind || c.Args()[1].Kind() != ast.LiteralKind {
				return
			}
			of = c.Args()[0].AsIdent()
			name, _ = c.Args()[1].AsLiteral().Value().(string)
		}
		switch {
		case of == "inputs":
			x.inputs = append(x.inputs, name)
		case of == "steps" && asked:
			x.guarded = append(x.guarded, name)
		case of == "steps":
			x.steps = append(x.steps, name)
		}
	}))
}

// scope is what an expression is evaluated over.
type scope struct {
	inputs   map[string]any
	steps    map[string]any
	practice bool
}

// eval returns the value of the expression.
func (x *expression) eval(s scope) (ref.Val, error) {
	ctx, cancel := context.WithTimeout(context.Background(), exprWithin)
	defer cancel()
	v, _, err := x.program.ContextEval(ctx, map[string]any{"inputs": s.inputs, "steps": s.steps, "practice": s.practice})
	return v, err
}

// holds tells whether the expression is true.
func holds(text string, s scope) (bool, error) {
	x, err := compile(text, true)
	if err != nil {
		return false, err
	}
	v, err := x.eval(s)
	if err != nil {
		return false, fmt.Errorf("%s cannot be told: %w", quoted(text), err)
	}
	b, ok := v.(types.Bool)
	if !ok {
		return false, fmt.Errorf("%s is a %s, and should be true or false", quoted(text), v.Type())
	}
	return bool(b), nil
}

var errUnclosed = errors.New("${ is never closed by }")

// pieces splits a text into what is literal and what stands in ${…}: every second one is an
// expression, the first is not.
func pieces(text string) (out []string, err error) {
	for {
		from := strings.Index(text, "${")
		if from < 0 {
			return append(out, text), nil
		}
		to := strings.Index(text[from:], "}")
		if to < 0 {
			return nil, errUnclosed
		}
		out = append(out, text[:from], text[from+2:from+to])
		text = text[from+to+1:]
	}
}

// fill replaces every ${…} of a text by its value.
func fill(text string, s scope) (string, error) {
	parts, err := pieces(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", quoted(text), err)
	}
	for i := 1; i < len(parts); i += 2 {
		x, err := compile(parts[i], false)
		if err != nil {
			return "", err
		}
		v, err := x.eval(s)
		if err != nil {
			return "", fmt.Errorf("%s has no value: %w", quoted(parts[i]), err)
		}
		if parts[i], err = written(v); err != nil {
			return "", fmt.Errorf("%s: %w", quoted(parts[i]), err)
		}
	}
	return strings.Join(parts, ""), nil
}

// written writes a value as text; what has parts has none.
func written(v ref.Val) (string, error) {
	switch x := v.(type) {
	case types.String:
		return string(x), nil
	case types.Null:
		return "", nil
	case types.Bool, types.Int, types.Uint, types.Double:
		return fmt.Sprint(x.Value()), nil
	}
	return "", fmt.Errorf("it is a %s: name one value of it", v.Type())
}

// valuesOf fills a step's arguments.
func valuesOf(step Step, s scope) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(step.With)) {
		v, err := fill(string(step.With[name]), s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = v
	}
	return out, nil
}
