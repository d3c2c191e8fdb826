#pragma once
#include <libpq-fe.h>

/// The field codes are character macros, which Swift does not import as `int`.
static inline int cpostgres_severity_field(void) { return PG_DIAG_SEVERITY_NONLOCALIZED; }
static inline int cpostgres_code_field(void) { return PG_DIAG_SQLSTATE; }
static inline int cpostgres_message_field(void) { return PG_DIAG_MESSAGE_PRIMARY; }
static inline int cpostgres_detail_field(void) { return PG_DIAG_MESSAGE_DETAIL; }
