package plain

import "unicode/utf8"

// pattern returns whether a text is like p: % stands for any text, _ for one character.
func pattern(p string) func(string) bool {
	return func(s string) bool { return matches(s, p) }
}

func matches(s, p string) bool {
	star, mark := -1, 0 // the last %, and where the text after it is tried
	i, k := 0, 0
	for i < len(s) {
		switch {
		case k < len(p) && p[k] == '%':
			star, mark = k, i
			k++
		case k < len(p) && p[k] == '_':
			_, n := utf8.DecodeRuneInString(s[i:])
			i, k = i+n, k+1
		case k < len(p) && p[k] == s[i]:
			i, k = i+1, k+1
		case star >= 0:
			_, n := utf8.DecodeRuneInString(s[mark:])
			mark += n
			i, k = mark, star+1
		default:
			return false
		}
	}
	for k < len(p) && p[k] == '%' {
		k++
	}
	return k == len(p)
}
