# What ctest runs of the simulation (FLEET_SIM_TESTS): docs/testing.md.
fleet_add_test(sim_test SOURCES sim_test.cc LIBS fleet_sim)

# 1,000 seeds, in two parts for two cores.
math(EXPR patience "300 * ${FLEET_TEST_PATIENCE}")
foreach(part 0 1)
  math(EXPR from "1 + ${part} * 500")
  add_test(NAME sim_seeds_from_${from}_slow
    COMMAND fleet_sim_run --from ${from} --seeds 500)
  set_tests_properties(sim_seeds_from_${from}_slow PROPERTIES
    TIMEOUT ${patience})
endforeach()

file(GLOB scenarios CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/scenarios/*.txt)
list(FILTER scenarios EXCLUDE REGEX CMakeLists)
add_test(NAME scenarios_slow COMMAND fleet_scenarios ${scenarios})
set_tests_properties(scenarios_slow PROPERTIES TIMEOUT ${patience})

# Wrong on purpose: what a sanitizer says of them is of no interest.
if(FLEET_SANITIZER)
  return()
endif()

# Mutants: programs in which one source is deliberately wrong. The object of
# the wrong source is linked in place of the library's. Each must be caught.
set(mutate ${CMAKE_CURRENT_SOURCE_DIR}/mutants/mutate)
set(mutant_texts ${CMAKE_CURRENT_SOURCE_DIR}/mutants/mutants.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${mutate} ${mutant_texts})
execute_process(COMMAND ${mutate} --list OUTPUT_VARIABLE mutants
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" mutants "${mutants}")
foreach(mutant ${mutants})
  string(REGEX MATCH "(.*):(.*)" _ ${mutant})
  set(name ${CMAKE_MATCH_1})
  set(source ${CMAKE_SOURCE_DIR}/${CMAKE_MATCH_2})
  # An object of its own in the library, so that another can take its place.
  get_filename_component(folder ${source} DIRECTORY)
  set_source_files_properties(${source} DIRECTORY ${folder}
    PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  set(copy ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  add_custom_command(OUTPUT ${copy}
    COMMAND ${mutate} ${name} ${source} ${copy}
    DEPENDS ${mutate} ${mutant_texts} ${source})
  add_executable(sim_mutant_${name} $<TARGET_OBJECTS:fleet_sim_main> ${copy})
  target_link_libraries(sim_mutant_${name} PRIVATE fleet_sim)
  # Nobody waits for this code, and everybody waits for its compilation.
  target_compile_options(sim_mutant_${name} PRIVATE -w -O0)
  add_test(NAME sim_mutant_${name}_slow
    COMMAND sim_mutant_${name} --seeds 4000 --quiet --caught)
  set_tests_properties(sim_mutant_${name}_slow PROPERTIES TIMEOUT 120)
endforeach()
