// Functions of the BBOB suite, rotated and shifted by the seed, over [-5, 5]^d with their optimum moved to 0. Source:
// Finck, Hansen, Ros and Auger, Real-Parameter Black-Box Optimization Benchmarking 2009: Presentation of the Noiseless
// Functions; the numbers f1 to f24 are its own. Its penalties outside of the box are left out: nobody leaves the box.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/benchmarks/problems/search_problem.h"

namespace pegbox {

SearchProblem BbobSphere(size_t dimensions, uint64_t seed);            // f1
SearchProblem BbobAttractiveSector(size_t dimensions, uint64_t seed);  // f6
SearchProblem BbobStepEllipsoid(size_t dimensions, uint64_t seed);     // f7
SearchProblem BbobRosenbrock(size_t dimensions, uint64_t seed);        // f9
SearchProblem BbobEllipsoid(size_t dimensions, uint64_t seed);         // f10, condition 1e6
SearchProblem BbobSharpRidge(size_t dimensions, uint64_t seed);        // f13
SearchProblem BbobDifferentPowers(size_t dimensions, uint64_t seed);   // f14
SearchProblem BbobRastrigin(size_t dimensions, uint64_t seed);         // f15
SearchProblem BbobWeierstrass(size_t dimensions, uint64_t seed);       // f16
SearchProblem BbobSchaffersF7(size_t dimensions, uint64_t seed);       // f17
SearchProblem BbobGallagher21(size_t dimensions, uint64_t seed);       // f22
SearchProblem BbobKatsuura(size_t dimensions, uint64_t seed);          // f23
SearchProblem BbobLunacek(size_t dimensions, uint64_t seed);           // f24

}  // namespace pegbox
