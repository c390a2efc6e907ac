package gateway

// Apart and KeyOf are the names of objects that are kept apart.
var Apart, KeyOf = apart, keyOf
