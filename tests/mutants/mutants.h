// The switches of the mutants, and the record of which were reached. One for a program; used on
// the thread of the tests only.
#pragma once

namespace mutants {

// Whether that mutant is the one of LOCAL_REGISTRY_MUTANT.
bool on(int number) noexcept;

// Appends what was reached since the last call to the file of LOCAL_REGISTRY_MUTANTS_REACHED: a
// name, milliseconds of processor time, and the numbers.
void write_reached(const char* name, long milliseconds);

// Somebody calls write_reached.
void write_after_each_test();

}  // namespace mutants
