"this ends a value"
