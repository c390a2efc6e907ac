// Package enginetest starts real PostgreSQL and Redis servers for GreenLang's
// tests, on loopback, in temporary folders, and stops exactly those again.
//
// Programs are looked for in FOURNINES_ENGINES (a folder that holds
// usr/lib/postgresql/15/bin and usr/bin), in the system's usual folders, and on
// the PATH. Without them a test is skipped, and says what is then not proved.
//
// It never installs anything and never touches a server it did not start.
package enginetest
