# Finds what the pins name and gathers it in three targets: third_party_text (configs), third_party_data (data) and
# third_party_torch (model and above). Everything is searched in CMAKE_PREFIX_PATH first, then in the system.

find_package(Threads REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ICU COMPONENTS i18n uc REQUIRED)
find_package(fmt REQUIRED)
find_path(PCRE2_INCLUDE pcre2.h REQUIRED)
find_library(PCRE2_LIBRARY pcre2-8 REQUIRED)
find_path(LIBZIP_INCLUDE zip.h REQUIRED)
find_library(LIBZIP_LIBRARY zip REQUIRED)
find_path(SENTENCEPIECE_INCLUDE sentencepiece_processor.h REQUIRED)
find_library(SENTENCEPIECE_LIBRARY sentencepiece REQUIRED)
find_library(SENTENCEPIECE_TRAINER sentencepiece_train REQUIRED)

# LibTorch's headers carry another fmt, and /usr/include cannot be put ahead of them. A folder that holds nothing but
# a link to the system's fmt can: it comes first on every target, so all five libraries speak the same fmt.
find_path(FMT_INCLUDE fmt/format.h PATHS ${fmt_DIR}/../../../../include REQUIRED)
set(fmt_first ${CMAKE_BINARY_DIR}/fmt-first)
file(MAKE_DIRECTORY ${fmt_first})
file(CREATE_LINK ${FMT_INCLUDE}/fmt ${fmt_first}/fmt SYMBOLIC)
target_include_directories(smooth_flags SYSTEM BEFORE INTERFACE ${fmt_first})

add_library(third_party_text INTERFACE)
if(TARGET yaml-cpp::yaml-cpp)
  target_link_libraries(third_party_text INTERFACE yaml-cpp::yaml-cpp)
else()
  target_link_libraries(third_party_text INTERFACE yaml-cpp)  # its name before 0.8
endif()
target_link_libraries(third_party_text INTERFACE nlohmann_json::nlohmann_json fmt::fmt Threads::Threads)

add_library(third_party_data INTERFACE)
target_include_directories(third_party_data SYSTEM INTERFACE ${PCRE2_INCLUDE} ${LIBZIP_INCLUDE} ${SENTENCEPIECE_INCLUDE})
target_link_libraries(third_party_data INTERFACE ${SENTENCEPIECE_TRAINER} ${SENTENCEPIECE_LIBRARY} ${PCRE2_LIBRARY} ICU::i18n ICU::uc CURL::libcurl OpenSSL::Crypto ${LIBZIP_LIBRARY}
                      ${CMAKE_DL_LIBS})

# Apache Arrow reads Parquet, in a module that is opened when the first such file is (data/sources/parquet_arrow.cpp).
set(ARROW_DIR "$ENV{ARROW_DIR}" CACHE PATH "a pyarrow wheel's folder pyarrow/")
file(GLOB ARROW_LIBRARIES ${ARROW_DIR}/libarrow.so.*[0-9] ${ARROW_DIR}/libparquet.so.*[0-9])
if(ARROW_LIBRARIES)
  add_library(third_party_arrow INTERFACE)
  target_include_directories(third_party_arrow SYSTEM INTERFACE ${ARROW_DIR}/include)
  target_link_libraries(third_party_arrow INTERFACE ${ARROW_LIBRARIES})
else()
  message(STATUS "ARROW_DIR='${ARROW_DIR}' holds no libparquet.so: Parquet files cannot be read. `./smooth setup` brings it.")
endif()

# LibTorch by hand: find_package(Torch) wants nvcc and links libtorch_cuda into everything, which doubles the start-up time.
# A CUDA device is opened at run time instead.
set(TORCH_DIR "$ENV{TORCH_DIR}" CACHE PATH "a torch wheel's folder torch/, or an unpacked libtorch")
if(NOT EXISTS "${TORCH_DIR}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "TORCH_DIR='${TORCH_DIR}' holds no lib/libtorch_cpu.so. Run `./smooth setup`, or set TORCH_DIR to the "
                      "folder torch/ of a torch 2.11 wheel or to an unpacked libtorch.")
endif()
add_library(third_party_torch INTERFACE)
target_include_directories(third_party_torch SYSTEM INTERFACE ${TORCH_DIR}/include ${TORCH_DIR}/include/torch/csrc/api/include)
target_link_libraries(third_party_torch INTERFACE ${TORCH_DIR}/lib/libtorch_cpu.so ${TORCH_DIR}/lib/libc10.so
                      Threads::Threads ${CMAKE_DL_LIBS})
# at::parallel_for is a template that runs on one thread, silently, unless its caller is compiled with OpenMP. The library is the one
# that LibTorch brings, so that there is one pool of threads.
target_compile_options(third_party_torch INTERFACE -fopenmp)
file(GLOB TORCH_OPENMP ${TORCH_DIR}/lib/libgomp*.so*)
if(TORCH_OPENMP)
  target_link_libraries(third_party_torch INTERFACE ${TORCH_OPENMP})
else()
  target_link_options(third_party_torch INTERFACE -fopenmp)
endif()
target_compile_definitions(third_party_torch INTERFACE USE_DISTRIBUTED USE_C10D_GLOO)

# ProcessGroupGloo.hpp includes five headers of gloo that the wheel lacks; the code itself is in libtorch_cpu.
find_path(GLOO_INCLUDE gloo/rendezvous/store.h REQUIRED)
if(NOT GLOO_INCLUDE STREQUAL "/usr/include")
  target_include_directories(third_party_torch SYSTEM INTERFACE ${GLOO_INCLUDE})
endif()
