// Every page that is tested and pictured: a name for its picture, and its address.
export const pages = [
  ["overview", "/"],
  ["region", "/regions/us-east-1"],
  ["region-declared", "/regions/eu-west-1"],
  ["fault", "/regions/us-east-1/fault?kind=zone-kill&target=us-east-1/a&seconds=30&reason=does+it+survive+a+zone"],
  ["switchover", "/regions/us-east-1/switchover?cluster=us-east-1/postgres&reason=kernel+update"],
  ["operations", "/operations"],
  ["operation", "/operations/switchover/us-east-1/postgres/3"],
  ["operation-waiting", "/operations/failover/us-east-1/redis/2"],
  ["drills", "/drills"],
  ["drill", "/drills/drill-0041"],
  ["evidence", "/evidence"],
  ["journal", "/journal"],
  ["entry", "/journal/251"],
  ["archive", "/archive"],
  ["problem", "/nothing-here"],
  ["login", "/login?problem=That+token+is+not+known."],
];
