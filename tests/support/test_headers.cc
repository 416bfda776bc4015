// Empty: pegbox_test_headers exists for its precompiled headers.
