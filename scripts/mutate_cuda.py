#!/usr/bin/env python3
"""Proves the tests of the kernels: breaks the sources in one place after the other, and expects that a test fails.

    scripts/mutate_cuda.py                 # all mutations: a quarter of an hour of one core
    scripts/mutate_cuda.py --only pick     # those with a word in file or reason
    scripts/mutate_cuda.py --check         # only whether the table fits the sources (ctest cuda_mutations.table)

Needs a configured build (--build, build/release by default). Sources are copied to a folder in it; only programs that the
table names are compiled again. Exit status 1 where a mutation survives.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = "cuda/kernels/"
KERNELS_OF = "splice_kernels_"  # an architecture: programs that are kernels alone, which compiled_tests runs


@dataclasses.dataclass(frozen=True)
class Mutation:
    file: str
    old: str
    new: str
    why: str
    tests: tuple  # programs, the one that should fail first; or kernels of an architecture


MUTATIONS = [
    Mutation(KERNELS + "prepare.hpp", "std::isfinite(norm) && norm != 0", "norm != 0",
             "no check for NaN", ("cuda_prepare",)),
    Mutation(KERNELS + "prepare.hpp", "lambda > args.smallest_lambda && lambda", "lambda",
             "tiny penalties are not left to fp64", ("cuda_prepare",)),
    Mutation(KERNELS + "collect_rows.hpp", "at += found;", "at = found;",
             "count of the last step alone", ("cuda_collect_rows",)),
    Mutation(KERNELS + "quantize_rows.hpp", "norm * (1 + 1e-6)", "norm * (1 - 1e-6)",
             "norm rounded downwards", ("cuda_quantize_rows",)),
    Mutation(KERNELS + "quantize_rows.hpp", "if (!limits.useful) args.rows.phase[row] = RowPhase::exact;", "",
             "rows that nothing can be screened for go on", ("cuda_quantize_rows",)),
    Mutation("src/core/screen_math.hpp", "lambda - margin", "lambda + margin",
             "wrong sign of the margin", ("cuda_quantize_rows",)),
    Mutation("src/core/screen_math.hpp", "expected * expected + rounding * rounding", "expected * expected",
             "error of the int8 copy dropped from the margin", ("cuda_quantize_rows",)),
    Mutation(KERNELS + "screened_value.hpp", "std::fma(-error, limits.norm,", "std::fma(error, limits.norm,",
             "wrong sign of the error", ("cuda_list_candidates",)),
    Mutation(KERNELS + "list_candidates.hpp", "at >= screen.list_capacity", "at > screen.list_capacity",
             "one entry more than there is room for", ("cuda_list_candidates",)),
    Mutation(KERNELS + "list_candidates.hpp", "if (column >= args.atoms)", "if (column + 1 >= args.atoms)",
             "the last atom of a block is lost", ("cuda_list_candidates",)),
    Mutation(KERNELS + "list_candidates.hpp", "        count += passed;\n", "",
             "count not updated", ("cuda_list_candidates",)),
    Mutation(KERNELS + "screen_memory.hpp", "first_word(warp) + i / Geometry::lane_rows", "first_word(warp) + i % Geometry::lane_words",
             "flags of one word for another's", ("cuda_screen_fused",)),
    Mutation(KERNELS + "screen_fused.hpp", "if (i > 0 && slice + i >= slices_) continue;\n      const int slot", "const int slot",
             "products of a slice that is not there", ("cuda_screen_fused",)),
    Mutation(KERNELS + "screen_fused.hpp", "slice + i > 0 || faults.sums_kept", "true",
             "sums of warpgroups begin with those of the tile before", ("cuda_screen_fused",)),
    Mutation("cuda/warpgroup_layout.hpp", "swizzle_of_64_bytes << 62 | between_blocks << 32", "swizzle_of_64_bytes << 62 | (between_blocks / 2) << 32",
             "operands whose blocks of rows overlap", ("cuda_screen_fused",)),
    Mutation(KERNELS + "pick_best.hpp", "|| slot >= most) return;", "|| slot > most) return;",
             "one more than wanted", ("cuda_pick_best",)),
    Mutation(KERNELS + "pick_best.hpp", "return own[lane].of[u] > least; }", "return own[lane].of[u] >= least; }",
             "values at the limit are taken too", ("cuda_pick_best",)),
    Mutation(KERNELS + "warp_products.hpp", "k0 + k <= i0 + i", "k0 + k < i0 + i",
             "no diagonal of the Gram matrix", ("cuda_warp_products",)),
    Mutation(KERNELS + "memory_matrix.hpp", "j == k ? factor : swept", "j == k ? -factor : swept",
             "wrong sign of the pivot's column", ("cuda_tableau",)),
    Mutation(KERNELS + "register_rows.hpp", "inverse : 1.0f + inverse", "inverse : 1.0f - inverse",
             "wrong sign of the pivot's row", ("cuda_tableau",)),
    Mutation(KERNELS + "register_rows.hpp", "i < n ? -transposed(i)", "i < n ? -static_cast<float>(row[i])",
             "a new column that is not antisymmetric", ("cuda_tableau",)),
    Mutation(KERNELS + "tableau.hpp", "old, static_cast<T>(value[i]));\n      }\n    });\n    group_.sync();\n",
             "old, static_cast<T>(value[i]));\n      }\n    });\n", "dropped barrier", ("cuda_tableau",)),
    Mutation(KERNELS + "memory_matrix.hpp", "i == k ? T(0) : column(i) * inverse", "column(i) * inverse",
             "the pivot's own membership is read while it changes", ("cuda_tableau",)),
    Mutation(KERNELS + "register_rows.hpp", "own_rows > 1 && r != k / Group::size", "own_rows > 1 && r == k / Group::size",
             "the row of another pivot", ("cuda_tableau",)),
    Mutation(KERNELS + "memory_matrix.hpp", "if (lane % 32 == 0) use", "use",
             "values move once a lane", ("cuda_tableau",)),
    Mutation(KERNELS + "tableau.hpp", "in_support[k] = member ? 0 : 1;", "in_support[k] = 1;",
             "atoms never leave the support", ("cuda_tableau",)),
    Mutation(KERNELS + "tableau.hpp", "    size_ = n + 1;\n", "    size_ = n;\n",
             "an appended atom is not counted", ("cuda_tableau",)),
    Mutation(KERNELS + "row_products.hpp", "lot.words[e / 2] >> (e % 2 * 16)", "lot.words[e / 2] >> (16 - e % 2 * 16)",
             "high parts of neighbours change places", ("cuda_warp_products",)),
    Mutation(KERNELS + "collect_rows.hpp", "lane < index ? static_cast<int>(takers_of[lane]) : 0", "lane <= index ? static_cast<int>(takers_of[lane]) : 0",
             "places behind a warp's own rows", ("cuda_collect_rows",)),
    Mutation(KERNELS + "list_passing.hpp", "entries[lane].of[u - 1] = entries[lane].of[u];", "entries[lane].of[u - 1] = entries[lane].of[0];",
             "what was read ahead is not what is tested", ("cuda_certify", "cuda_solve_rows")),
    Mutation(KERNELS + "tableau.hpp", "support ? v < T(0) : v < -tolerance && movable", "!support && v < -tolerance && movable",
             "negative weights stay", ("cuda_tableau",)),
    Mutation(KERNELS + "row_products.hpp", "std::fma(-weights[a],", "std::fma(weights[a],",
             "wrong sign of the residual", ("cuda_solve_rows",)),
    Mutation(KERNELS + "row_round.hpp", "args_.screen.unlisted_bound[row_] + args_.problem.atom_norm * moved_",
             "args_.screen.unlisted_bound[row_]", "movement dropped from the claim", ("cuda_solve_rows",)),
    Mutation(KERNELS + "row_round.hpp", "!thorough && args_.rows.rounds[row_] <= likely_rounds ? likely_share : 1.0f", "likely_share",
             "later rounds overlook atoms, too", ("cuda_solve_rows",)),
    Mutation(KERNELS + "pick_rows.hpp", " && !has_name(code_, named, entry.atom)", "", "atoms of the code join again",
             ("cuda_solve_rows",)),
    Mutation(KERNELS + "pick_rows.hpp", "kept + joining <= tier_capacity(tier)", "kept + joining < tier_capacity(tier)",
             "a set that just fits waits for the next solver", ("cuda_solve_rows",)),
    Mutation(KERNELS + "pick_rows.hpp", "has_to_be_checked(phase) ? check_list(tier) : solve_list(tier)", "solve_list(tier)",
             "nothing is checked before it is claimed", ("cuda_solve_rows",)),
    Mutation(KERNELS + "pick_rows.hpp", "correlations[slot] = list_values_[place];", "correlations[slot] = sizes_[slot];",
             "picks without their signs", ("cuda_solve_rows",)),
    Mutation(KERNELS + "pick_best.hpp", "const int slot = u * Group::size + lane;", "const int slot = lane;",
             "the first of the best in place of the others", ("cuda_pick_best",)),
    Mutation(KERNELS + "row_round.hpp", "group_.once([&] { args_.screen.pick_count[row_] = 0; });", "",
             "picks join in the next solver, too", ("cuda_solve_rows",)),
    Mutation(KERNELS + "picks.hpp", "return room >= least_picks && room < most_picks ? room : most_picks;", "return most_picks;",
             "large sets outgrow their solver though there is room", ("cuda_solve_rows",)),
    Mutation(KERNELS + "row_round.hpp", "if (present + joining > capacity_) {", "if (present + joining >= capacity_) {",
             "a set that just fits goes on to the next solver", ("cuda_solve_rows",)),
    Mutation("cuda/working_set_tile.hpp", "screen_.collect(rows_.view(), problem_.warm_start != nullptr);",
             "screen_.collect(rows_.view());", "rows are solved from lists that are undefined", ("cuda_solver_tiers",)),
    Mutation(KERNELS + "pick_rows.hpp", "level >= margin_levels", "level > margin_levels",
             "one margin too many", ("cuda_solve_rows",)),
    Mutation(KERNELS + "exact_solver.hpp", "tableau.size() + most_new_atoms > args.capacity",
             "tableau.size() > args.capacity", "no room for atoms that join", ("cuda_exact_row",)),
    Mutation(KERNELS + "tableau.hpp", "{ slacks[k] = 2 * lambda - y; }", "{ slacks[k] = 2 * lambda + y; }",
             "a turned atom has another slack", ("cuda_exact_row",)),
    Mutation(KERNELS + "row_products.hpp", "i + a < count ? static_cast<T>(weight(at)) : T(0)",
             "static_cast<T>(weight(at))", "the last atom is subtracted once too often", ("cuda_certify",)),
    Mutation(KERNELS + "gram_tiles.hpp", "return (j <= 2 * i + 1 ||", "return (j <= 2 * i ||",
             "a tile of the Gram matrix is left out", ("cuda_tableau",)),
    Mutation(KERNELS + "register_matrix.hpp", "lane < column ? column * Rows::pitch + row", "lane > column ? column * Rows::pitch + row",
             "what is above the diagonal is taken where nothing is", ("cuda_tableau",)),
    Mutation(KERNELS + "list_passing.hpp", "found += more;", "found = more;",
             "candidates of the last step alone", ("cuda_certify", "cuda_solve_rows")),
    Mutation(KERNELS + "row_round.hpp", "if (!bounded || !may_claim()) return false;\n      slack_", "if (!bounded) return false;\n      slack_",
             "rows go on that cannot claim", ("cuda_solve_rows",)),
    Mutation(KERNELS + "write_code.hpp", "static_cast<float>(weight) * std::ldexp(1.0, -exponent)",
             "static_cast<float>(weight) * std::ldexp(1.0, exponent)", "wrong sign of the exponent", ("cuda_write_code",)),
    Mutation(KERNELS + "write_code.hpp", "if (place >= rows.code_capacity)", "if (place > rows.code_capacity)",
             "one entry more than there is room for", ("cuda_write_code",)),
    Mutation(KERNELS + "write_code.hpp", "static_cast<double>(weight), -exponent)", "static_cast<double>(weight), exponent)",
             "wrong sign of the exponent", ("cuda_write_code",)),
    Mutation(KERNELS + "certificate.hpp", "weight < 0 ? -product * inverse : product * inverse", "product * inverse",
             "sign of a negative weight dropped", ("cuda_certify",)),
    Mutation(KERNELS + "certificate.hpp", "std::ldexp(rows.kkt_violation[row], -exponent)",
             "std::ldexp(rows.kkt_violation[row], exponent)", "wrong sign of the exponent", ("cuda_certify",)),
    Mutation(KERNELS + "certificate.hpp", "static_cast<int>(atoms.size), [](int j)", "static_cast<int>(atoms.size) - 1, [](int j)",
             "the last atom is not looked at", ("cuda_certify",)),
    Mutation(KERNELS + "certify_screened.hpp", "static_cast<double>(args.screen.unlisted_bound[row]) +\n"
             "                            static_cast<double>(args.problem.atom_norm) * movement;",
             "static_cast<double>(args.screen.unlisted_bound[row]);", "movement dropped for atoms not listed",
             ("cuda_certify",)),
    Mutation("src/core/screen_math.hpp", "return 1.002 * 0x1p-11 + ", "return ", "what high parts lack is forgotten",
             ("cuda_warp_products",)),
    Mutation(KERNELS + "certify_screened.hpp", "static_cast<double>(entry.remainder.error), norm", "0.0, norm",
             "error of remainders dropped from the bound", ("cuda_certify",)),
    Mutation(KERNELS + "certify_screened.hpp", "RowPhase::exact : RowPhase::refused", "RowPhase::exact : RowPhase::certifying",
             "rows whose certificate was refused claim again as they did", ("cuda_certify",)),
    Mutation(KERNELS + "remainders.hpp", "8 * i : 8 * (i - 4) + 4", "8 * (i - 4) + 4 + 32 : 8 * i",
             "halves of the bytes exchanged", ("cuda_remainders",)),
    Mutation(KERNELS + "remainder_products.hpp", "own.of[i] -= offset;", "", "remainders are not less what they are stored with",
             ("cuda_remainders",)),
    Mutation(KERNELS + "remainder_products.hpp", "constexpr int numbers = 16;", "constexpr int numbers = 8;",
             "numbers multiplied twice", ("cuda_remainders",)),
    Mutation(KERNELS + "row_round.hpp", "if constexpr (!checks) {", "if constexpr (true) {", "solvers that check do not",
             ("cuda_solve_rows",)),
    Mutation(KERNELS + "row_round.hpp", "refused ? RowPhase::refused : RowPhase::certifying", "RowPhase::certifying",
             "a refused row's next round forgets that it was", ("cuda_solve_rows",)),
    Mutation(KERNELS + "row_outcome.hpp", "screen.waiting[list * rows.count + place] = row", "screen.waiting[place] = row",
             "rows of all solvers wait in one list", ("cuda_solve_rows",)),
    Mutation(KERNELS + "collect_rows.hpp", "args.screen.waiting_count[list] = 0", "static_cast<void>(list)",
             "rows of the round before still wait", ("cuda_collect_rows",)),
    Mutation(KERNELS + "atom_names.hpp", "i < capacity; i += Group::size) names[i]", "i < count; i += Group::size) names[i]",
             "places without an atom hold what they held", ("cuda_solve_rows",)),
    Mutation(KERNELS + "tableau.hpp", "        atom[i] = no_atom;\n", "", "places without an atom hold what they held", ("cuda_solve_rows",)),
    Mutation(KERNELS + "small_code.hpp", "half == 0 ? static_cast<double>(own.z.of[e]) : 0.0", "static_cast<double>(own.z.of[e])",
             "the embedding counts twice", ("cuda_small_code",)),
    Mutation(KERNELS + "small_code.hpp", "switch ((count + 7) / 8) {", "switch (count / 8) {", "the last atoms of a code are left out",
             ("cuda_small_code",)),
    Mutation(KERNELS + "small_code.hpp", "i < count ? static_cast<double>(weights[i]) : 0.0", "static_cast<double>(weights[i < count ? i : 0])",
             "the first atom is subtracted where there is none", ("cuda_small_code",)),
    Mutation(KERNELS + "certify_screened.hpp", "return code.count > 0 && has_name", "return has_name",
             "an atom is taken for one of an empty code", ("cuda_certify",)),
    Mutation(KERNELS + "certify_screened.hpp", "const bool may_exceed = !(bound <= lambda);", "const bool may_exceed = !(bound >= lambda);",
             "looks at the wrong atoms", ("cuda_certify",)),
    Mutation(KERNELS + "certify_screened.hpp", "own.inverse) + error + least", "own.inverse) - error + least",
             "the error of float32 products has the wrong sign", ("cuda_certify",)),
    Mutation(KERNELS + "split_atoms.hpp", "Group::half_of(scaled - Group::float_of(high))", "Group::half_of(scaled)",
             "low parts are high ones again", ("cuda_split_atoms", "cuda_tableau")),
    Mutation(KERNELS + "gram_tiles.hpp", "each_tile(row_low, column_high, lot);", "",
             "products of low parts are left out", ("cuda_gram",)),
    Mutation(KERNELS + "gram_tiles.hpp", "part_width = 64;", "part_width = 1 << 20;",
             "what tensor cores cut off adds up", ("cuda_gram",)),
    Mutation(KERNELS + "pick_rows.hpp", "return picked > 0 && (!(room > 0) || excess > room * room);", "return false;",
             "second rounds as dear as those that claim", ("cuda_solve_rows",)),
    Mutation(KERNELS + "pick_rows.hpp", "args_.rows.misses[row_] <= first_pass && ", "", "a row guesses for ever",
             ("cuda_solve_rows",)),
    Mutation(KERNELS + "gram_tiles.hpp", " || j == octets)", ")", "products with the embedding are left out", ("cuda_gram",)),
    Mutation(KERNELS + "prepare.hpp", "split_number<Group>(value * vector_scale)", "split_number<Group>(value)",
             "parts of an embedding on another scale", ("cuda_prepare", "cuda_gram")),
    Mutation(KERNELS + "warp_products.hpp", "lot == 0 || both ? right[lot][e] : T(0)", "right[lot][e]",
             "what is past the end is multiplied again", ("cuda_warp_products",)),
    Mutation(KERNELS + "register_rows.hpp", "cleared : own - 1.0f;", "cleared : own;", "a pivot's own entry is not what a sweep needs",
             ("cuda_tableau",)),
    Mutation(KERNELS + "register_rows.hpp", "most_subtracted = 16;", "most_subtracted = 1e30f;", "inverses lose what they cancel",
             ("cuda_tableau",)),
    Mutation(KERNELS + "register_rows.hpp", "choose(own || j == k, 0.0f,", "choose(j == k, 0.0f,", "the pivot's row is not cleared",
             ("cuda_tableau",)),
    Mutation("cuda/screen_stage.hpp", "list_share = 16;", "list_share = 1 << 30;", "lists do not grow with the dictionary",
             ("cuda_solver_tiers",)),
    Mutation(KERNELS + "block_register_matrix.hpp", "alignas(16) float stage[triangle];\n  alignas(16) float vector[capacity];\n  float diagonal[capacity];",
             "float diagonal[capacity + 1];\n  float stage[triangle];\n  float vector[capacity];", "16 bytes at once that are not aligned",
             ("cuda_tableau", "cuda_gram")),
    Mutation(KERNELS + "register_rows.hpp", "&& first >= size) break;", "&& first + block >= size) break;",
             "the last columns are left out", ("cuda_tableau",)),
    Mutation(KERNELS + "register_rows.hpp", "first += Group::warp_count * octets * octet", "first += octets * octet",
             "warps of a block make each other's products", ("cuda_tableau", "cuda_solver_tiers", "cuda_barriers")),
    Mutation(KERNELS + "block_register_matrix.hpp", "if (k <= row) stage_", "if (k < row) stage_",
             "products of atoms with themselves are left out", ("cuda_gram",)),
    Mutation(KERNELS + "block_register_matrix.hpp", "tile < tile_rows / 2 ? tile_rows - 1 - index : tile_rows", "tile_rows",
             "the long rows of tiles are left out", ("cuda_gram",)),
    Mutation(KERNELS + "block_register_matrix.hpp", "column <= lane ? row + column : triangle_row(column) + lane", "row + column",
             "what is above the diagonal is taken where nothing is", ("cuda_gram",)),
    Mutation(KERNELS + "register_rows.hpp", "-own * unit", "0.0f", "an appended atom without its own entry", ("cuda_tableau",)),
    Mutation("src/core/lasso_math.hpp", "value + atom_error * quantised_norm + atom_norm * movement",
             "value + atom_error * quantised_norm", "movement dropped for listed atoms", ("cuda_certify",)),
    Mutation("src/core/lasso_math.hpp", "(difference > 0 ? difference : 0) + gap_rounding(t, scale)",
             "(difference > 0 ? difference : 0)", "rounding dropped from the gap", ("cuda_certify",)),
    Mutation("src/core/lasso_math.hpp", "best < limit ? best : limit", "best > limit ? best : limit",
             "a dual point that is not feasible", ("cuda_certify",)),
    Mutation("cuda/row_buffers.hpp", "    if (expected_count_ == 0) delivery_.hand_over(sink);\n", "",
             "the last tile's results wait for a tile that never comes", ("cuda_interface",)),
    Mutation("cuda/host_delivery.hpp", "    device_.await_downloads();\n", "",
             "results are read before they are there", ("cuda_interface",)),
    Mutation("cuda/staging_ring.hpp", "    link_.wait(slot.left);\n    copy_on_host", "    copy_on_host",
             "a slot is filled before its content has left", ("cuda_staging",)),
    Mutation("cuda/row_copy.hpp", "std::min(bytes_at_once_, copy_.row_bytes - begin)", "bytes_at_once_",
             "the last part of a row runs over its end", ("cuda_staging",)),
    Mutation("cuda/row_buffers.hpp", "static_cast<std::size_t>(code_capacity) * 16",
             "static_cast<std::size_t>(code_capacity) * 8",
             "codes that are handed over are not counted", ("cuda_solver_tiers",)),
    Mutation(KERNELS + "support_inverse.hpp", "std::fma(-inverse, change, own)", "std::fma(inverse, change, own)",
             "wrong sign of a deflation", ("cuda_targets",)),
    Mutation(KERNELS + "support_inverse.hpp", "cells[at(i == last ? s : i, k == last ? s : k)]", "cells[at(i, k)]",
             "the last slot stays where it was", ("cuda_targets",)),
    Mutation(KERNELS + "select_largest.hpp", "if (at < most) put(at, i);", "if (at <= most) put(at, i);",
             "one more than there is room for", ("cuda_targets",)),
    Mutation(KERNELS + "target_path.hpp", "step_to(2 * lambda_ - slack,", "step_to(lambda_ - slack,",
             "atoms enter with their sign turned too early", ("cuda_targets",)),
    Mutation(KERNELS + "target_row.hpp", "args.l0 > 0 || end != PathEnd::target;", "args.l0 > 0 || end == PathEnd::target;",
             "penalty rounded to the wrong side of a cosine", ("cuda_targets",)),
    Mutation(KERNELS + "target_row.hpp", "rounds == 0 ? 0.0 : path.lambda()", "rounds == 0 ? 0.0 : 2 * path.lambda()",
             "violators left out", ("cuda_targets",)),
    # What only a device runs, and compiled kernels on the host.
    Mutation("cuda/cuda_group.cuh", "offset > 0; offset /= 2) value = combine", "offset > 1; offset /= 2) value = combine",
             "a reduction leaves out neighbours", ("splice_kernels_90a",)),
    Mutation("cuda/cuda_group.cuh", "const T kept = upper ? terms[i + n / 2] : terms[i];", "const T kept = upper ? terms[i] : terms[i + n / 2];",
             "lanes keep each other's halves", ("splice_kernels_90a",)),
    Mutation("cuda/cuda_group.cuh", "(bits >> 31) != 0 ? ~0u : 1u << 31)", "(bits >> 31) != 0 ? 1u << 31 : 1u << 31)",
             "negative numbers ordered the wrong way round", ("splice_kernels_90a",)),
    Mutation("cuda/cuda_group.cuh", "__popc(ballot & ((1u << (threadIdx.x & 31u)) - 1u))", "__popc(ballot & ((2u << (threadIdx.x & 31u)) - 1u))",
             "places one too far on", ("splice_kernels_90a",)),
    Mutation("cuda/cuda_group.cuh", "a + descriptor_step, b + descriptor_step", "a + descriptor_step, b",
             "the second half of the columns is the first one again", ("splice_kernels_90a",)),
    Mutation("cuda/cuda_group.cuh", "await_products<but>();\n    hold_registers", "hold_registers",
             "sums read before products are made", ("splice_kernels_90a",)),
    Mutation("cuda/cuda_group.cuh", "a[2 * half + 1]), \"r\"(b[half])", "a[2 * half + 1]), \"r\"(b[0])",
             "7.5: the columns' first half twice", ("splice_kernels_75",)),
    Mutation("cuda/warpgroup_products.cuh", "setp.ne.b32 kept, %34, 0;", "setp.eq.b32 kept, %34, 0;",
             "sums begin where they should go on", ("splice_kernels_90a",)),
    Mutation("cuda/warpgroup_layout.hpp", "swizzle_of_64_bytes = 2;", "swizzle_of_64_bytes = 1;",
             "a descriptor of another swizzle", ("splice_kernels_90a",)),
]


def table_complaints():
    complaints = []
    for mutation in MUTATIONS:
        found = (ROOT / mutation.file).read_text().count(mutation.old)
        if found != 1 or mutation.old == mutation.new:
            complaints.append(f"{mutation.file}: found {found} times, expected once: {mutation.old!r}")
    return complaints


@dataclasses.dataclass(frozen=True)
class Run:
    program: pathlib.Path
    tests: str = "*"
    environment: dict = dataclasses.field(default_factory=dict)


def of_sources_in(folder, command):
    """A command that compiles, of sources copied to a folder; it leaves no list of what they include."""
    return re.sub(r"-MD -MT \S+ -MF \S+ ", "", command.replace(f"{ROOT}/", f"{folder}/"))


class Program:
    """A test program, compiled against other sources."""

    def __init__(self, build, name):
        lines = subprocess.run(["ninja", "-C", build, "-t", "commands", name], check=True, text=True,
                               capture_output=True).stdout.splitlines()
        self.name = name
        self.build = build
        self.link = lines[-1]
        # Objects that kernels are part of; the monitor, the library and the oracle are taken as they are.
        parts = rf"-o (\S*tests/cuda/CMakeFiles/(?:{name}|splice_emulation)\.dir/\S+\.o) "
        found = [(match.group(1), line) for line in lines if (match := re.search(parts, line))]
        self.compile = [(output, line) for output, line in found if output in self.link]

    def make(self, folder):
        link = self.link
        for number, (output, line) in enumerate(self.compile):
            mine = folder / f"{self.name}.{number}.o"
            command = of_sources_in(folder, line)
            unity = re.search(r"-c (\S+/Unity/\S+)$", line)
            if unity:  # sources that are compiled as one, by a file that the build has made
                sources = folder / f"{self.name}.{number}.cpp"
                sources.write_text(pathlib.Path(unity.group(1)).read_text().replace(f"{ROOT}/", f"{folder}/"))
                command = command.replace(unity.group(1).replace(f"{ROOT}/", f"{folder}/"), str(sources))
            command = command.replace(f"-o {output}", f"-w -o {mine}")
            subprocess.run(command, shell=True, check=True, cwd=self.build)
            link = link.replace(output, str(mine))
        made = folder / self.name
        subprocess.run(re.sub(r"-o \S+", f"-o {made}", link, count=1), shell=True, check=True, cwd=self.build)
        return Run(made)

    def as_it_is(self):
        return Run(self.build / "tests/cuda" / self.name)


class CompiledKernels:
    """Kernels compiled to PTX from other sources, under the program that runs them on the host."""

    def __init__(self, build, name):
        self.build = build
        self.command = subprocess.run(["ninja", "-C", build, "-t", "commands", name], check=True, text=True,
                                      capture_output=True).stdout.splitlines()[-1]
        self.output = re.search(r"-o (\S+\.ptx)", self.command).group(1)

    def make(self, folder):
        made = folder / "kernels.ptx"
        command = of_sources_in(folder, self.command)
        subprocess.run(command.replace(f"-o {self.output}", f"-o {made}"), shell=True, check=True, cwd=self.build)
        return self.run(made)

    def as_it_is(self):
        return self.run(self.build / self.output)

    def run(self, kernels):
        return Run(self.build / "tests/cuda/compiled/compiled_tests", "*CompiledKernels.*:*CompiledScreening.*",
                   {"SPLICE_COMPILED_KERNELS": str(kernels)})


def first_failure(run):
    """Of a test program: what failed; empty where nothing did."""
    try:
        result = subprocess.run([run.program, "--gtest_fail_fast", f"--gtest_filter={run.tests}"], text=True, capture_output=True,
                                timeout=300, env={**os.environ, **run.environment})
    except subprocess.TimeoutExpired:
        return "no end"
    if result.returncode == 0:
        return ""
    failed = re.search(r"\[  FAILED  \] (\S+)", result.stdout)
    return failed.group(1) if failed else f"exit status {result.returncode}"


def try_mutation(mutation, programs, folder):
    """The test that noticed; empty where none did."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("cuda", "src", "include", "tests"):
        shutil.copytree(ROOT / part, folder / part)
    path = folder / mutation.file
    path.write_text(path.read_text().replace(mutation.old, mutation.new))
    failure = ""
    for name in mutation.tests:
        failure = first_failure(programs[name].make(folder))
        if failure:
            break
    shutil.rmtree(folder)
    return failure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    complaints = table_complaints()
    print("\n".join(complaints) if complaints else f"{len(MUTATIONS)} mutations, each found once")
    if complaints or arguments.check:
        return 1 if complaints else 0

    chosen = [one for one in MUTATIONS if arguments.only in f"{one.file} {one.why}"]
    names = sorted({name for one in chosen for name in one.tests})
    build = arguments.build.resolve()
    runner = ["compiled_tests"] if any(name.startswith(KERNELS_OF) for name in names) else []
    subprocess.run(["ninja", "-C", build, f"-j{arguments.jobs}", *names, *runner], check=True, stdout=subprocess.DEVNULL)
    programs = {name: (CompiledKernels if name.startswith(KERNELS_OF) else Program)(build, name) for name in names}
    for name in names:
        if failure := first_failure(programs[name].as_it_is()):
            print(f"{failure} fails without any mutation")
            return 1
    survived = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        tries = [pool.submit(try_mutation, one, programs, build / f"mutants/{number}") for number, one in enumerate(chosen)]
        for mutation, one in zip(chosen, tries):
            failure = one.result()
            survived += not failure
            verdict = f"killed by {failure}" if failure else "SURVIVED"
            print(f"{mutation.file}: {mutation.why}: {verdict}", flush=True)
    print(f"{len(chosen) - survived} killed, {survived} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
