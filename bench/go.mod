module github.com/greenlang/fournines/bench

go 1.26.0

require github.com/greenlang/fournines v0.0.0

replace github.com/greenlang/fournines => ../
