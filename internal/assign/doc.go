// Package assign renders what nodes, edges and probers are told, and what `up` starts: the
// units of each zone, the configuration of each edge, the network between regions. It is
// pure: the same layout, secrets and wishes give the same assignment and version.
package assign
