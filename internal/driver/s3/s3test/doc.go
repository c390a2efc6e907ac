// Package s3test holds what every endpoint must do to be an archive, and runs the
// embedded one for tests. [Conform] is the suite; a package that uses [Start] calls
// [Main] from its TestMain.
//
// Any endpoint is tested with
//
//	FOURNINES_S3_ENDPOINT=https://HOST:PORT FOURNINES_S3_CREDENTIALS=FILE go test ./internal/driver/s3 -run Conform
//
// and, where needed, FOURNINES_S3_REGION, FOURNINES_S3_CA and FOURNINES_S3_VIRTUAL_HOST=1.
// Buckets are named by the suite, fournines-test-…; locks there last two minutes at most,
// so the buckets can be emptied and removed soon after.
package s3test
