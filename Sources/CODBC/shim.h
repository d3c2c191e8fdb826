#pragma once
#include <sql.h>
#include <sqlext.h>

/// `SQLSetConnectAttr` and its kin take numbers as pointers.
static inline SQLPOINTER codbc_number(unsigned long number) { return (SQLPOINTER)number; }

/// A macro that looks like a function.
static inline int codbc_succeeded(SQLRETURN code) { return SQL_SUCCEEDED(code); }
