#include "trace/trace-accel_partial.h"
